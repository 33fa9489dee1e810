// Input from a hostile customer is shown as text or refused, never run. Any policy violation, script or dialog fails
// the test automatically.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, open, row, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';
import { change, contact, newWamid, webhook } from '../lib/webhook.mjs';

after(closeBrowser);

const FROM = '923456789012';
const HTML = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script><svg onload="window.pwned=1">';
const now = () => String(Math.floor(Date.now() / 1000));

browserScenario('names and texts with HTML, scripts, overrides, floods and fake links', async (browser, system) => {
  const page = await browser.inbox();
  const post = (name, message) => system.postWebhook(webhook([change(system.number, {
    contacts: [contact({ from: FROM, name })], messages: [{ from: FROM, id: newWamid(), timestamp: now(), ...message }],
  })]));
  const text = (body) => ({ type: 'text', text: { body } });

  await post(HTML, text(HTML));
  await row(page, '<img src=x').locator('a').click();
  await bubble(page, '<script>').waitFor();
  await post('\u202egnp.exe', text('harmless \u202etxet desrever\u202c end'));
  await post('A'.repeat(500), text('😀'.repeat(4096)));
  await post('Z', text(`zero${'\u200b\u200d\u2060'.repeat(2000)}width`));
  await post('Z', text(`zalgo ${'e' + '\u0301'.repeat(500)} end`));
  await post('Z', text('javascript:alert(1) data:text/html,<script>alert(2)</script> http://a"onmouseover="alert(3) https://example.com/ok).'));
  await post('Z', text('W'.repeat(4096)));
  await post('Z', { type: 'location', location: { latitude: 1, longitude: 2, name: HTML, address: 'javascript:alert(1)', url: 'javascript:alert(1)' } });
  await post('Z', { type: 'contacts', contacts: [{ name: { formatted_name: HTML }, phones: [{ phone: HTML }], urls: [{ url: 'javascript:alert(1)' }] }] });
  await post('Z', { ...text('from an ad'), referral: { source_url: 'javascript:alert(1)', headline: HTML, body: HTML } });
  await post('Z', { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'x', title: HTML, description: HTML } } });
  await post('Z', { type: 'order', order: { catalog_id: 'x', text: HTML, product_items: [{ product_retailer_id: HTML, quantity: 'x', item_price: HTML, currency: HTML }] } });
  await post('Z', { type: 'made_up_kind', made_up_kind: { body: HTML } });
  await post('Z', text('the last of them'));
  await bubble(page, 'the last of them').waitFor();
  await page.locator('.thread-scroll').evaluate((element) => { element.scrollTop = 0; });
  await shot(page, 'hostile-texts');

  assert.equal(await page.evaluate(() => window.pwned), undefined);
  const links = await page.evaluate(() => [...document.querySelectorAll('.thread a')].map((link) => link.protocol));
  assert.deepEqual([...new Set(links)].filter((protocol) => !['http:', 'https:'].includes(protocol)), [], 'only links to the web');
  assert.equal(await page.locator('.thread img, .thread script, .thread svg[onload]').count(), 0);
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(widths[0] <= widths[1], 'nothing makes the page wider');
  const texts = await page.evaluate(() => document.body.innerText);
  assert.ok(!/[\u202a-\u202e\u2066-\u2069]/.test(texts), 'no override is left');
  const heights = await page.evaluate(() => [...document.querySelectorAll('.bubble')].map((one) => one.getBoundingClientRect().height));
  assert.ok(Math.max(...heights) < 900, `long texts are folded: ${Math.max(...heights)}`);
});

browserScenario('an SVG and a page are downloaded, a video is not fetched before somebody plays it', async (browser, system) => {
  const id = await system.customer(FROM);
  const upload = async (name, type, body) => {
    const answer = await system.api(`/media?conversation=${id}&filename=${name}`, { method: 'POST', body, headers: { 'Content-Type': type } });
    assert.equal(answer.status, 201, answer.text);
    return answer.json.id;
  };
  const file = (mime_type, content) => ({ mime_type, base64: Buffer.from(content).toString('base64') });
  await system.sim.writes({ from: FROM, type: 'image', file: file('image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" onload="parent.pwned=1"><script>parent.pwned=1</script></svg>') });
  await system.sim.writes({ from: FROM, type: 'document', file: file('text/html', '<script>parent.pwned=1</script>') });
  await system.sim.writes({ from: FROM, type: 'video', file: file('video/mp4', 'not really a film') });
  const film = await upload('film.mp4', 'video/mp4', Buffer.alloc(1024 * 1024));
  const page = await browser.inbox();
  const fetched = [];
  page.on('request', (request) => { if (request.url().includes('/media/')) fetched.push(request.url()); });
  await open(page, 'Ayesha');
  const cards = page.locator('.file-card');
  await eventually(async () => await cards.count() === 2, 'two files to be saved');
  assert.deepEqual(fetched, [], 'nothing is fetched by itself');
  for (const url of await cards.evaluateAll((links) => links.map((link) => link.href))) {
    const opened = await page.context().request.get(url);
    assert.match(opened.headers()['content-disposition'], /^attachment/);
    assert.match(opened.headers()['content-security-policy'], /default-src 'none'/);
    // Opening the address directly saves the file; nothing in it runs in our origin.
    const tab = await page.context().newPage();
    const saved = tab.waitForEvent('download');
    await tab.goto(url).catch((error) => assert.match(error.message, /Download is starting|ERR_ABORTED/));
    await saved;
    assert.equal(await tab.evaluate(() => document.scripts.length), 0);
    await tab.close();
  }
  const range = await system.api(`/media/${film}`, { headers: { Range: 'bytes=0-99' } });
  assert.equal(range.status, 206);
  await page.getByRole('button', { name: 'Open Video' }).click();
  await page.locator('dialog.viewer video').waitFor();
});

browserScenario('the API answers with errors: an error message and a retry', async (browser, system) => {
  await system.customer(FROM);
  const page = await browser.inbox();
  await page.route('**/messages*', (route) => route.fulfill({ status: 500, contentType: 'text/html', body: '<h1>proxy error</h1>' }));
  await page.locator('.row a').first().click();
  await page.getByText('The messages could not be loaded.').waitFor();
  await shot(page, 'thread-failed');
  await page.unroute('**/messages*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await bubble(page, 'Hello').waitFor();

  await page.route('**/search*', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{}' }));
  await page.locator('#search').fill('anything');
  await page.getByText('The search failed.').waitFor();
  await page.unroute('**/search*');
  await page.locator('#search').fill('hello');
  await row(page, 'Ayesha').waitFor();
  await page.locator('#search').fill('nothing like it');
  await page.getByText('Nothing found for “nothing like it”').waitFor();
});
