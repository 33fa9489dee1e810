// Each limit in docs/openapi.yaml is the server's: both bounds are accepted, and one beyond either is refused.
import assert from 'node:assert/strict';

import { document, operations } from '../lib/openapi.mjs';
import { scenario } from '../lib/system.mjs';

/** Resolves references within this document; definitions in another document have no limits to try here. */
const resolve = (node) => (!node.$ref ? node : !node.$ref.startsWith('#') ? {} : node.$ref.slice(2).split('/').reduce((at, key) => at[key], document));

/** Values at both bounds of a schema, and one beyond each; for strings, their length. */
function edges({ type, minimum, maximum, minLength, maxLength }) {
  const text = (length) => 'x'.repeat(length);
  const good = type === 'integer' ? [minimum, maximum] : [minLength, maxLength].filter((n) => n !== undefined).map(text);
  const bad = type === 'integer' ? [minimum - 1, maximum + 1] :
    [minLength - 1, maxLength + 1].filter((n) => n >= 0).map(text);
  return { good: good.filter((value) => value !== undefined), bad: bad.filter((value) => typeof value === 'string' || Number.isFinite(value)) };
}

scenario('every limit of a query parameter', async (system, t) => {
  await (await system.init()).start();
  await system.customerWrites({ from: '923456789012' });
  const id = `${system.account}_${system.number}_923456789012`;
  let tried = 0;
  for (const { method, path, operation } of operations) {
    const parameters = (operation.parameters ?? []).map(resolve).filter((parameter) => parameter.in === 'query');
    for (const { name, schema } of parameters) {
      const { good, bad } = edges(resolve(schema));
      const others = parameters.filter((other) => other.required && other.name !== name).map((other) => `&${other.name}=${other.name === 'conversation' ? id : 'hello'}`).join('');
      const ask = (value) => system.http(`${path.replace('{id}', id)}?${name}=${encodeURIComponent(value)}${others}`, { method, body: method === 'POST' ? 'a file' : undefined, headers: { 'Content-Type': 'text/plain', Authorization: `Bearer ${system.token()}` } });
      for (const value of good) {
        await t.test(`${method} ${path} takes ${name} ${String(value).slice(0, 10)}`, async () => assert.ok((await ask(value)).status < 400));
        tried++;
      }
      for (const value of bad) {
        await t.test(`${method} ${path} refuses ${name} ${String(value).slice(0, 10)}`, async () => assert.equal((await ask(value)).status, 400));
        tried++;
      }
    }
  }
  assert.ok(tried >= 16, `${tried} limits were tried: are the parameters read?`);
});

scenario('every limit of the body that signs in', async (system, t) => {
  await (await system.init()).start();
  const { properties } = operations.find(({ operation }) => operation.operationId === 'signIn').operation.requestBody.content['application/json'].schema;
  let tried = 0;
  for (const [name, schema] of Object.entries(properties)) {
    const { good, bad } = edges(schema);
    tried += good.length + bad.length;
    const ask = (value) => system.http('/api/v1/session', { method: 'POST', body: JSON.stringify({ login: 'nobody', password: 'a password', [name]: value }) });
    for (const value of good) await t.test(`${name} of ${value.length} characters is looked at`, async () => assert.ok([401, 429].includes((await ask(value)).status)));
    for (const value of bad) await t.test(`${name} of ${value.length} characters is refused`, async () => assert.equal((await ask(value)).status, 400));
  }
  assert.ok(tried >= 6, `${tried} limits were tried: is the schema read?`);
});
