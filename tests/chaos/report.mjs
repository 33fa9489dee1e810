// The table: for each fault, how much was acknowledged while it lasted, and how many of those promises were broken.

/** The windows that a moment lies in; a window lasts until its faults are healed. */
const during = (windows, at) => windows.filter(({ from, to }) => at >= from && at <= to);

export function table({ windows, generator, broken, worst }) {
  const rows = new Map();
  const row = (name) => {
    if (!rows.has(name)) rows.set(name, { windows: 0, acked: 0, lost: 0, duplicated: 0, reordered: 0, staleMs: 0 });
    return rows.get(name);
  };
  const names = (window) => (window.faults.length ? window.faults : ['none (quiet)']);
  for (const window of windows) for (const name of names(window)) row(name).windows++;
  const count = (at, what, n = 1) => {
    const found = during(windows, at);
    for (const name of new Set(found.length ? found.flatMap(names) : ['none (between windows)'])) row(name)[what] += n;
  };
  for (const { ackedAt } of generator.sent) if (ackedAt) count(ackedAt, 'acked');
  for (const { ackedAt } of broken.lost) count(ackedAt, 'lost');
  for (const { ackedAt } of broken.reordered) count(ackedAt, 'reordered');
  const byWamid = new Map(generator.sent.map((value) => [value.wamid, value]));
  for (const wamid of broken.duplicated) count(byWamid.get(wamid)?.at ?? 0, 'duplicated');
  for (const [second, { ms }] of worst) {
    const found = during(windows, second * 1000);
    for (const name of found.length ? found.flatMap(names) : ['none (between windows)']) row(name).staleMs = Math.max(row(name).staleMs, ms);
  }
  const header = '| fault | windows | acknowledged | lost | duplicated | reordered | worst staleness |\n|---|---|---|---|---|---|---|';
  const lines = [...rows].sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { windows: n, acked, lost, duplicated, reordered, staleMs }]) => `| ${name} | ${n} | ${acked} | ${lost} | ${duplicated} | ${reordered} | ${(staleMs / 1000).toFixed(1)} s |`);
  return [header, ...lines].join('\n');
}

/** Who waited longest for a message, and which faults were active when it was sent: one line for each of the worst. */
export function longest(worst, windows, n = 5) {
  const clock = (second) => new Date(second * 1000).toISOString().slice(11, 19);
  return [...worst].sort(([, one], [, other]) => other.ms - one.ms).slice(0, n).map(([second, { ms, agent }]) => {
    const found = during(windows, second * 1000).flatMap(({ faults }) => faults);
    return `  ${(ms / 1000).toFixed(1)} s: ${agent}, sent at ${clock(second)} (${found.join(', ') || 'nothing wrong then'})`;
  });
}

/** How often each reason was given: "12 × …". */
export function reasons(refused) {
  const counts = new Map();
  for (const { reason } of refused) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).map(([reason, n]) => `  ${n} × ${reason}`);
}
