// Every state of the page, light and dark, wide and on a phone: axe finds nothing serious (tests/lib/browser.mjs,
// shot), and a screenshot is kept for people to look at.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { browserScenario, bubble, closeBrowser, open, REPO_DASHBOARD, row, shot } from '../lib/browser.mjs';
import { REPO } from '../lib/system.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, newWamid, webhook } from '../lib/webhook.mjs';

after(closeBrowser);

const FROM = '923456789012';

/** A customer who sends one message of every kind. */
async function everything(system) {
  const at = (seconds) => String(Math.floor(Date.now() / 1000) - 400 + seconds);
  const ask = newWamid();
  const messages = [
    { type: 'text', id: ask, text: { body: 'Salaam! Is the blue lamp still in stock? https://example.com/lamp' } },
    { type: 'location', location: { latitude: 24.86, longitude: 67.0, name: 'Lamp House', address: '7 Sarai Lane, Karachi' } },
    { type: 'contacts', contacts: [{ name: { formatted_name: 'Bilal Siddiqui' }, phones: [{ phone: '+92 300 555 0144' }] }] },
    { type: 'order', order: { catalog_id: '1', text: 'Please wrap both', product_items: [{ product_retailer_id: 'LAMP-BLUE', quantity: 2, item_price: 1499.5, currency: 'PKR' }] } },
    { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'x', title: 'Delivery on Friday', description: 'between 10 and 12' } } },
    { type: 'button', button: { text: 'Yes, please', payload: 'yes' } },
    { type: 'text', text: { body: 'I mean for the shade.' }, context: { from: FROM, id: ask } },
    { type: 'unsupported', errors: [{ code: 131051, title: 'Message type unknown' }] },
    { type: 'reaction', reaction: { message_id: ask, emoji: '👍' } },
    { type: 'text', text: { body: 'سلام، یہ چراغ کتنے کا ہے؟' } },
  ].map((message, i) => ({ from: FROM, id: newWamid(), timestamp: at(i * 5), ...message }));
  const calls = [{ id: 'wacid.states', from: FROM, to: '15550100200', event: 'terminate', direction: 'USER_INITIATED', status: 'FAILED', timestamp: at(43) }];
  const stops = [{ wa_id: FROM, category: 'marketing_messages', value: 'stop', timestamp: Number(at(44)) }];
  const answer = await system.postWebhook(webhook([
    change(system.number, { contacts: [contact({ from: FROM })], messages }),
    change(system.number, { calls }, 'calls'),
    change(system.number, { user_preferences: stops }, 'user_preferences'),
  ]));
  assert.equal(answer.status, 200);
  const picture = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  await system.sim.writes({ from: FROM, type: 'image', file: { mime_type: 'image/png', base64: png } });
  await system.sim.writes({ from: FROM, type: 'document', file: { mime_type: 'application/pdf', base64: Buffer.from(picture).toString('base64') } });
  await system.sim.writes({ from: FROM, type: 'audio', file: { mime_type: 'audio/ogg', base64: Buffer.from('no sound').toString('base64') } });
}

for (const scheme of ['light', 'dark']) {
  browserScenario(`every state, ${scheme}`, async (browser, system) => {
    const names = ['Omar Farooq', 'Zainab Malik', 'Bilal Siddiqui', 'Fatima Noor', 'Hassan Raza', 'Maryam Iqbal', 'Usman Tariq'];
    const bodies = ['When will my order arrive?', 'Thanks a lot!', 'Can I pay by card?', 'Which colours are there?', 'I would like to return it.', 'Is anybody there?', 'Perfect.'];
    for (const [i, name] of names.entries()) await system.customerWrites({ from: `92345000000${i}`, name, body: bodies[i] });
    const door = await browser.page(await browser.context({ colorScheme: scheme }));
    await door.goto(browser.url);
    await door.locator('form.sign-in').waitFor();
    await shot(door, `${scheme}-sign-in`);

    const context = await browser.context({ colorScheme: scheme });
    const page = await browser.inbox({ context });
    const state = (name) => shot(page, `${scheme}-${name}`);
    await row(page, 'Usman Tariq').waitFor();
    await state('nothing-selected');
    await everything(system);
    await open(page, 'Ayesha');
    await bubble(page, 'چراغ').waitFor();
    await eventually(async () => await page.locator('.file-card, .voice, .picture').count() >= 2, 'its files');
    await system.sim.behave({ do: 'error', code: 131026, count: 1 });
    for (const body of ['Yes, it is. Shall we keep one for you?', 'We also have it in green.']) {
      await page.locator('#composer').fill(body);
      await page.keyboard.press('Enter');
    }
    await bubble(page, 'Shall we keep').locator('.trouble').waitFor();
    await eventually(async () => await bubble(page, 'in green').locator('.ticks .sr-only').textContent() === 'read', 'read');
    await state('thread');
    await page.locator('.thread-scroll').evaluate((element) => { element.scrollTop = 0; });
    await bubble(page, 'example.com/lamp').first().waitFor();
    await state('thread-kinds');
    await page.getByRole('button', { name: 'Menu' }).click();
    await state('menu');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Emoji' }).click();
    await state('emoji');
    await page.keyboard.press('Escape');
    for (const [keys, name] of [['Control+k', 'palette'], ['Control+Shift+D', 'debug']]) {
      await page.keyboard.press(keys);
      await page.locator('dialog, .debug').first().waitFor();
      await state(name);
      await page.keyboard.press('Escape');
      await page.locator('dialog, .debug').first().waitFor({ state: 'detached' });
    }
    await page.locator('#search').fill('order');
    await row(page, 'Omar Farooq').waitFor();
    await state('search');
    await page.locator('#search').fill('nothing like that');
    await page.getByText('Nothing found').waitFor();
    await state('no-results');
    await page.locator('#search').fill('');
    await page.getByRole('button', { name: /^Unassigned/ }).click();
    await page.getByLabel('Open or done').selectOption('done');
    await page.getByText('Nothing is done yet').waitFor();
    await state('empty');
  });

  browserScenario(`on a phone, ${scheme}: one pane at a time`, async (browser, system) => {
    await system.customerWrites({ from: FROM, body: 'Is the blue lamp still in stock?' });
    const page = await browser.inbox({ colorScheme: scheme, viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
    await row(page, 'Ayesha').waitFor();
    await shot(page, `${scheme}-phone-list`);
    await page.locator('.row a').first().tap();
    await bubble(page, 'blue lamp').waitFor();
    assert.ok(!await page.locator('.list').isVisible(), 'the list has gone');
    assert.ok(!await page.locator('.details').isVisible(), 'nothing stands over the thread');
    await shot(page, `${scheme}-phone-thread`);
    const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= inner, `${wide} of ${inner} pixels`);
    await page.getByRole('button', { name: 'Back to the list' }).tap();
    await row(page, 'Ayesha').waitFor();
  });
}

browserScenario('right to left: the layout is mirrored, and nothing is cut off', async (browser, system) => {
  await system.customerWrites({ from: FROM, body: 'سلام، یہ چراغ کتنے کا ہے؟' });
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
  const [list, thread, wide, inner] = await page.evaluate(() => [
    document.querySelector('.list').getBoundingClientRect().left, document.querySelector('.thread').getBoundingClientRect().left,
    document.documentElement.scrollWidth, innerWidth,
  ]);
  assert.ok(list > thread && wide <= inner);
  await shot(page, 'right-to-left');
});

test('downloads are small, compressed: 40 kB to sign in, 190 kB for the inbox, 30 kB later for phone numbers', () => {
  const sizeOf = (name) => statSync(path.join(REPO_DASHBOARD, name)).size;
  const packed = readdirSync(path.join(REPO_DASHBOARD, 'assets')).filter((name) => name.endsWith('.gz')).map((name) => [name, sizeOf(`assets/${name}`)]);
  const index = readFileSync(path.join(REPO_DASHBOARD, 'index.html'), 'utf8');
  const first = packed.filter(([name]) => index.includes(name.replace(/\.gz$/, '')));
  const sum = (list) => list.reduce((total, [, size]) => total + size, 0);
  assert.ok(first.length >= 2, 'the page names its script and its style');
  assert.ok(sum(first) + sizeOf('index.html') <= 40_000, `sign-in: ${sum(first)}`);
  const later = packed.filter(([name]) => name.startsWith('phones-'));
  assert.equal(later.length, 1, 'the tables of phone numbers are a file of their own');
  assert.ok(sum(later) <= 30_000, `phone numbers: ${sum(later)}`);
  assert.ok(sum(packed) - sum(later) <= 190_000, `the inbox: ${sum(packed) - sum(later)}`);
  assert.ok(!index.includes('mqtt'), 'MQTT is not loaded before the page');
});

test('the client library is at most 25 kB, compressed, without mqtt.js', async () => {
  const { buildSync } = await import('../../dashboard/node_modules/esbuild/lib/main.js').then((module) => module.default ?? module);
  const { outputFiles: [bundle] } = buildSync({ entryPoints: [path.join(REPO, 'client/src/index.ts')], bundle: true, minify: true, format: 'esm', external: ['mqtt'], write: false });
  const { length } = gzipSync(bundle.contents);
  assert.ok(length > 1000 && length <= 25_000, `${length} bytes`);
});
