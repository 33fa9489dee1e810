// docs/openapi.yaml is complete. Every scenario's answers prove that it is true (tests/lib/openapi.mjs).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { judge, operations } from '../lib/openapi.mjs';
import { REPO } from '../lib/system.mjs';

test('every route is in the document, and nothing else', () => {
  const source = readFileSync(`${REPO}/daemon/routes.c`, 'utf8').match(/routes\[N_API_ROUTES\] = \{([^]*?)\n\t\};/)[1];
  const routes = [...source.matchAll(/\{ "([A-Z]+)",\s+"([^"]+)"/g)].map(([, method, path]) => `${method} ${path}`);
  assert.ok(routes.length > 15);
  const written = operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
  assert.deepEqual(written.sort(), routes.sort());
});

test('judge() accepts valid answers and refuses others', () => {
  const answer = (status, body, type = 'application/json') => ({ status, text: JSON.stringify(body), headers: { 'content-type': type } });
  judge('GET', '/api/v1/agents', answer(200, { agents: [] }));
  judge('GET', '/api/v1/unknown', answer(404, {}));
  const problem = { type: 'urn:convwire:problem:x', title: 'x', status: 401, detail: 'why' };
  judge('GET', '/api/v1/agents', answer(401, problem, 'application/problem+json'));
  assert.throws(() => judge('GET', '/api/v1/agents', answer(200, { agents: [{}] })), /must have required property/);
  assert.throws(() => judge('GET', '/api/v1/agents', answer(200, { agents: [], more: 1 })), /additional properties/);
  assert.throws(() => judge('GET', '/api/v1/agents', answer(418, {})), /not in docs\/openapi.yaml/);
  assert.throws(() => judge('GET', '/api/v1/agents', answer(401, problem)), /comes as application\/json/);
  assert.throws(() => judge('POST', '/api/v1/session', answer(429, { ...problem, status: 429 }, 'application/problem+json')), /no Retry-After/);
  assert.throws(() => judge('GET', '/api/v1/conversations/a_1_2', answer(200, {})), /must have required property/);
});
