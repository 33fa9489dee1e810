/*
 * Clients spread over several processes, so that many clients do not delay one another: the parent's side and the
 * children's.
 */
import { fork } from "node:child_process";
import { once } from "node:events";

class Worker {
	#answers = new Map();
	#n = 0;

	constructor(file) {
		this.child = fork(file, { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: ["--max-semi-space-size=32"], serialization: "advanced" });
		this.child.on("message", ({ id, answer, error }) => {
			const { resolve, reject } = this.#answers.get(id);

			this.#answers.delete(id);
			if (error) reject(new Error(error));
			else resolve(answer);
		});
		this.child.on("exit", (code) => {
			for (const { reject } of this.#answers.values()) reject(new Error(`${file} ended with ${code}`));
		});
		process.on("exit", this.kill = () => this.child.kill("SIGKILL"));
	}

	call(name, args) {
		const id = ++this.#n;

		return new Promise((resolve, reject) => {
			this.#answers.set(id, { resolve, reject });
			this.child.send({ id, name, args });
		});
	}

	async stop() {
		const ended = once(this.child, "exit");

		this.kill();
		await ended;
		process.off("exit", this.kill);
	}
}

export class Crew {
	/** `file`: a program that calls serve(). */
	constructor(file, nWorkers) {
		this.workers = Array.from({ length: nWorkers }, () => new Worker(file));
	}

	get pids() {
		return this.workers.map(({ child }) => child.pid);
	}

	/** Calls `name` in each worker; `args` may be a function of the worker's index. Returns the answers in order. */
	call(name, args) {
		return Promise.all(this.workers.map((worker, i) => worker.call(name, typeof args === "function" ? args(i) : args)));
	}

	stop() {
		return Promise.all(this.workers.map((worker) => worker.stop()));
	}
}

/** In the child: registers the functions that may be called, by name. */
export function serve(handlers) {
	process.on("message", ({ id, name, args }) => {
		Promise.resolve().then(() => handlers[name](args)).then(
			(answer) => process.send({ id, answer }),
			(error) => process.send({ id, error: String(error.stack) }),
		);
	});
}

/** A clock shared by all processes on this machine, ms. */
export const now = () => performance.timeOrigin + performance.now();
