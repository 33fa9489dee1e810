// Messages arrive late and out of order. No matter when an agent connects, all agents show the same thread.
import assert from 'node:assert/strict';

import { scenario } from '../lib/system.mjs';
import { change, text, webhook } from '../lib/webhook.mjs';

/** The same shuffle in every run. */
function shuffled(list, seed = 7) {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    seed = (seed * 48271) % 2147483647;
    const j = seed % (i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

scenario('agents who connect at different times show the same order', async (system) => {
  await (await system.init()).start();
  const now = Math.floor(Date.now() / 1000);
  const hour = 3600;
  // From a day ago (the phone was off), some with equal timestamps, one from the future.
  const messages = shuffled([
    ...Array.from({ length: 40 }, (_, i) => text({ from: '923450000001', body: `old ${i}`, at: now - 24 * hour + Math.floor(i / 3) })),
    ...Array.from({ length: 40 }, (_, i) => text({ from: '923450000001', body: `fresh ${i}`, at: now - 40 + i })),
    text({ from: '923450000001', body: 'from the future', at: now + 5 * hour }),
  ]);
  const agents = [await system.agent({ agent: 'early' })];

  for (const [i, message] of messages.entries()) {
    const answer = await system.postWebhook(webhook([change(system.number, { messages: [message] })]));
    assert.equal(answer.status, 200);
    if (i % 25 === 24) agents.push(await system.agent({ agent: `joins-at-${i}` }));
  }
  agents.push(await system.agent({ agent: 'last' }));
  await Promise.all(agents.map((agent) => agent.caughtUp()));

  const id = `${system.account}_${system.number}_923450000001`;
  const bodies = (agent) => agent.thread(id).map(({ content }) => content.body);
  for (const agent of agents) {
    assert.deepEqual(bodies(agent), bodies(agents[0]), `${agent.agent} renders what ${agents[0].agent} renders`);
    assert.deepEqual(agent.screen, agents[0].screen);
    agent.check();
  }
  assert.deepEqual(agents[0].thread(id), await system.thread(id), 'and so does the database');

  const thread = agents[0].thread(id);
  assert.equal(thread.length, 81);
  assert.ok(thread.filter(({ content }) => content.body.startsWith('old')).every(({ late }) => late), 'old ones are marked late');
  const lateStamps = thread.filter(({ late }) => late).map(({ sent_at }) => sent_at);
  assert.deepEqual(lateStamps, [...lateStamps].sort((one, other) => one - other), 'late ones stand where they were written');
  const future = thread.find(({ content }) => content.body === 'from the future');
  assert.ok(future.position < Date.now() + 60_000, 'a stamp from the future counts as arrival');
});
