// Checks answers against docs/openapi.yaml: every answer that a scenario gets over HTTP must be one that the document
// allows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import Ajv from 'ajv';
import YAML from 'yaml';

const read = (name) => YAML.parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8'));

export const document = read('openapi.yaml');
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'http://convwire/asyncapi.yaml', ...read('asyncapi.yaml') });
ajv.addSchema({ $id: 'http://convwire/openapi.yaml', ...document });

export const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).filter(([method]) => ['get', 'post', 'delete'].includes(method)).map(([method, operation]) => ({
    method: method.toUpperCase(), path, operation, pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
  })));

const follow = (node) => (node?.$ref ? follow(node.$ref.slice(2).split('/').reduce((at, key) => at[key], document)) : node);
const escape = (key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

function schemaOf(response, where, type) {
  const content = response.content ?? {};
  const key = type in content ? type : '*/*' in content ? '*/*' : null;
  return key && { isJson: /json$/.test(key), pointer: `http://convwire/openapi.yaml#${where}/content/${escape(key)}/schema` };
}

/**
 * Fails unless the answer ({ status, headers, text }) is one that the operation allows. Paths outside the document are
 * ignored.
 */
export function judge(method, url, answer) {
  const { pathname } = new URL(url, 'http://convwire');
  const found = operations.find((one) => one.method === method && one.pattern.test(pathname));
  const name = `${method} ${pathname}: ${answer.status}`;
  const type = answer.headers['content-type']?.split(';')[0] ?? '';
  if (!found || (answer.status === 403 && /origin_refused/.test(answer.text))) return;
  const named = found.operation.responses[answer.status];
  assert.ok(named, `${name} is not in docs/openapi.yaml: ${answer.text.slice(0, 200)}`);
  const response = follow(named);
  const where = named.$ref ? named.$ref.slice(1) : `/paths/${escape(found.path)}/${method.toLowerCase()}/responses/${answer.status}`;
  for (const [header, { required }] of Object.entries(response.headers ?? {})) {
    assert.ok(!required || answer.headers[header.toLowerCase()], `${name} has no ${header}`);
  }
  if (!response.content) return;
  const schema = schemaOf(response, where, type);
  assert.ok(schema, `${name} comes as ${type}, which is not in docs/openapi.yaml`);
  if (!schema.isJson) return;
  const validate = ajv.getSchema(schema.pointer);
  assert.ok(validate(JSON.parse(answer.text)), `${name}: ${ajv.errorsText(validate.errors)}\n${answer.text.slice(0, 2000)}`);
}
