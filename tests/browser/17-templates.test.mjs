// Templates whose parts must be filled in: a file or text in the header, named and positional text, the end of a URL.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

const template = (name, components) => ({ name, id: '1', language: 'en', status: 'APPROVED', category: 'UTILITY', components });
const TEMPLATES = [
  template('sale', [{ type: 'HEADER', format: 'IMAGE' }, { type: 'BODY', text: 'Hi {{1}}, see {{2}}' }, { type: 'BUTTONS', buttons: [{ type: 'URL', text: 'Shop', url: 'https://shop.example/{{1}}' }, { type: 'QUICK_REPLY', text: 'Stop' }] }]),
  template('order', [{ type: 'HEADER', format: 'TEXT', text: 'Order {{1}}' }, { type: 'BODY', text: 'Dear {{name}}, it is on its way.' }, { type: 'FOOTER', text: 'Thank you' }]),
  template('code', [{ type: 'BODY', text: '{{1}}' }, { type: 'BUTTONS', buttons: [{ type: 'OTP', otp_type: 'COPY_CODE' }] }]),
];
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

browserScenario('a picture, header text, named text and a button\'s URL are asked for and sent', async (browser, system) => {
  await system.sim.behave({ templates: TEMPLATES });
  await system.customer();
  await eventually(async () => (await system.api('/templates')).json.templates.length === 3, 'the templates of the new WABA are fetched');
  const page = await browser.inbox();
  await page.locator('.row a').first().click();
  const choose = async (name) => {
    await page.getByRole('button', { name: 'Templates' }).click();
    await page.locator('dialog .choices button', { hasText: name }).first().click();
  };
  const send = page.getByRole('button', { name: 'Send template' });
  await choose('sale');
  assert.ok(await send.isDisabled());
  await page.getByLabel('Picture (JPEG or PNG)').setInputFiles({ name: 'sale.png', mimeType: 'image/png', buffer: PIXEL });
  await page.getByLabel('Value of {{1}}').fill('Ayesha');
  await page.getByLabel('Value of {{2}}').fill('this');
  assert.ok(await send.isDisabled(), 'the URL is missing');
  await page.getByLabel('Button “Shop”').fill('sale-7');
  await shot(page, 'template-with-picture');
  await send.click();
  await bubble(page, 'Hi Ayesha, see this').locator('img').waitFor();
  await eventually(async () => (await system.sim.taken()).length === 1, 'it is sent');
  const [{ body: { template: sent } }] = await system.sim.taken();
  assert.match(sent.components[0].parameters[0].image.id, /^\d+$/);
  assert.deepEqual(sent.components.slice(1), [
    { type: 'body', parameters: [{ type: 'text', text: 'Ayesha' }, { type: 'text', text: 'this' }] },
    { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'sale-7' }] }]);

  await choose('order');
  await page.getByLabel('Value of {{1}}').fill('4711');
  await page.getByLabel('Value of {{name}}').fill('Ayesha');
  await send.click();
  await bubble(page, 'Dear Ayesha, it is on its way.').getByText('Order 4711').waitFor();
  await eventually(async () => (await system.sim.taken()).length === 2, 'it is sent');
  assert.deepEqual((await system.sim.taken())[1].body.template.components, [
    { type: 'header', parameters: [{ type: 'text', text: '4711' }] },
    { type: 'body', parameters: [{ type: 'text', text: 'Ayesha', parameter_name: 'name' }] }]);
  await shot(page, 'templates-sent');

  await choose('code');
  await page.getByLabel('Value of {{1}}').fill('1');
  await page.getByText('cannot be filled in here').waitFor();
  assert.ok(await send.isDisabled());
});
