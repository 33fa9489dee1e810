// Deadlines. Scenarios wait for events, never for time; a deadline only says when to give up.

export const DEADLINE_MS = Number(process.env.CONVWIRE_DEADLINE_MS ?? 20_000);

/** The promise's result, or an error that says what did not happen. `describe` may add details at that time. */
export async function within(promise, what, { ms = DEADLINE_MS, describe = () => '' } = {}) {
  let timer;
  const expiry = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what} ${describe()}`)), ms);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * For conditions that cannot notify us, such as a port that starts listening: tries until the attempt returns something
 * true. A short pause between two attempts leaves the CPU to the process that we wait for.
 */
export async function eventually(attempt, what, { ms = DEADLINE_MS } = {}) {
  const end = Date.now() + ms;
  for (let lastError; ; ) {
    try {
      const result = await attempt();
      if (result) return result;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`, { cause: lastError });
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** An object that changes and can be waited for. */
export class Changing {
  #waiting = new Set();

  changed() {
    for (const look of [...this.#waiting]) look();
  }

  /** Waits until `test` returns something true; it is called now and after every change. */
  async until(test, what, options) {
    let look;
    const seen = new Promise((resolve, reject) => {
      look = () => {
        try {
          const result = test();
          if (result) resolve(result);
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.add(look);
      look();
    });
    try {
      return await within(seen, what, options);
    } finally {
      this.#waiting.delete(look);
    }
  }
}
