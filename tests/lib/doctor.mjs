// What the scenarios of `convwire doctor` share.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

/** Where the command line finds what runs: the ports of a scenario are the kernel's. */
export const writePorts = (system) =>
  fs.writeFile(path.join(system.dir, 'run.json'), JSON.stringify({ http_port: system.httpPort, mqtt_port: system.mqttPort, ws_port: system.wsPort }));

/** Runs it: the exit code, its text, and a finding by the name of its check. */
export async function doctor(system, ...args) {
  await writePorts(system);
  const told = await system.convwire('doctor', ...args, '--json');
  const report = JSON.parse(told.stdout);
  const failed = report.results.filter(({ result }) => result === 'failure');
  assert.equal(told.code, failed.length, 'the exit code counts the failures');
  assert.equal(report.failures, failed.length);
  for (const finding of failed) assert.ok(finding.next?.length > 10, `what next? ${JSON.stringify(finding)}`);
  return { ...report, failed, of: (check) => report.results.find((finding) => finding.check === check), failedNames: failed.map(({ check }) => check) };
}

/** An installation with a number, as WhatsApp knows it, whose webhooks have come. */
export async function installed(system, { start = true } = {}) {
  await system.init();
  await system.startSim();
  if (start) {
    await system.start();
    await system.customer();
  }
  return system;
}
