// Two terminals: one simulates customers, the other watches.
import assert from 'node:assert/strict';

import { programPath, scenario } from '../lib/system.mjs';
import { run } from '../lib/program.mjs';

scenario('every kind that simulate sends is stored, shown to an agent and printed by watch', async (system, t) => {
  await (await system.init()).up();
  const agent = await system.agent();
  const kinds = (await run('simulate', programPath('convwire'), ['simulate', '--list-kinds'])).stdout.trim().split('\n');
  assert.ok(kinds.length >= 20);
  const simulate = (...args) => system.convwire('simulate', '--number', system.number, '--rate', 1000, ...args);

  for (const kind of kinds) {
    await t.test(kind, async () => {
      const { code, stdout, stderr } = await simulate('--kind', kind, '--count', 3, '--customers', 1);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, '3 webhooks sent\n');
    });
  }
  await agent.caughtUp();
  const shown = new Set(agent.received.map(({ event }) => event.data.message?.kind));
  for (const kind of kinds.filter((name) => !['reply', 'edit', 'revoke', 'echo', 'status'].includes(name))) {
    assert.ok(shown.has(kind), `${kind} is shown`);
  }
  const check = await system.check();
  assert.deepEqual([check.kept_changes, check.waiting_changes, check.n_faults], [0, 0, 0]);
  agent.check();
});

scenario('watch prints the events of the account', async (system, t) => {
  await (await system.init()).up();
  const watch = async (...args) => {
    const program = system.launch('watch', programPath('convwire'), ['watch', '--dir', system.dir, ...args]);
    await program.says(/watching account/, 'stderr');
    return program;
  };
  const simulate = (...args) => system.convwire('simulate', '--number', system.number, '--rate', 1000, ...args);

  await t.test('--json --count: one event per line, then the end', async () => {
    const program = await watch('--json', '--count', 5);
    assert.equal((await simulate('--kind', 'text', '--count', 5)).code, 0);
    assert.equal((await program.ended()).code, 0);
    const events = program.stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(events.map(({ seq }) => seq), [1, 2, 3, 4, 5]);
    const messages = (list) => list.map(({ data }) => data.message);
    assert.deepEqual(messages(events), messages(await system.log()));
  });
  await t.test('for people: time, tag, name and text; no colour into a pipe, no control characters', async () => {
    const program = await watch('--count', 1);
    await system.customerWrites({ from: '923450000077', name: 'Ayesha\u001b[31m Khan', body: 'Hello\u0007 there' });
    assert.equal((await program.ended()).code, 0);
    assert.match(program.stdout, /^\d\d:\d\d:\d\d {2}#6 +…0077#\w+ +-> text +Ayesha \[31m Khan: Hello {2}there\n$/);
  });
  await t.test('a viewer\'s view, and an end by Ctrl-C', async () => {
    const program = await watch('--role', 'viewer', '--json');
    await system.customerWrites({ from: '923450000078' });
    await program.says(/"seq":7/);
    assert.equal((await program.stop('SIGINT')).code, 0);
  });
  await t.test('a mix', async () => {
    assert.equal((await simulate('--count', 100)).code, 0);
    assert.equal((await system.check()).n_faults, 0);
  });
});

scenario('simulate does not write to a real number unless it is named', async (system, t) => {
  await (await system.init()).start();
  const { code, stderr } = await system.convwire('simulate', '--count', 1);
  assert.equal(code, 65);
  assert.match(stderr, /no number is marked simulated/);
  await t.test('and reports errors in its options', async () => {
    for (const args of [['--kind', 'smell'], ['--count', '0'], ['--rate', '-1'], ['--number', 'x']]) {
      assert.equal((await system.convwire('simulate', ...args)).code, 65, args.join(' '));
    }
  });
});
