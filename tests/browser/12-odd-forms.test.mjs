// No bubble says nothing: every kind of message in every odd form that the parser lets through has readable text.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, closeBrowser, open, shot } from '../lib/browser.mjs';
import { change, contact, newWamid, webhook } from '../lib/webhook.mjs';

after(closeBrowser);

const FROM = '923456789012';
const interactive = (value) => ({ type: 'interactive', interactive: value });
const flow = (reply) => interactive({ type: 'nfm_reply', nfm_reply: reply });
const unsupported = (type) => ({ type: 'unsupported', errors: [{ code: 131051, title: 'Message type unknown' }], ...(type && { unsupported: { type } }) });

/** [message, what must be readable]. */
const FORMS = [
  [interactive({ type: 'call_permission_reply', call_permission_reply: { response: 'accept', expiration_timestamp: 1795800000, response_source: 'user_action' } }), /Allowed calls until 27 Nov/],
  [interactive({ type: 'call_permission_reply', call_permission_reply: { response: 'accept', is_permanent: true } }), /Allowed calls/],
  [interactive({ type: 'call_permission_reply', call_permission_reply: { response: 'reject' } }), /Refused calls/],
  [interactive({ type: 'something_new', something_new: { deep: [{ answer: 'forty-two' }] } }), /Answer: something new.*forty-two/s],
  [interactive({ type: 'button_reply', button_reply: { id: 'only-an-id' } }), /only-an-id/],
  [interactive({ type: 'list_reply' }), /Answer: list reply/],
  [flow({ name: 'flow', body: 'Rating sent', response_json: '["Excellent","Very good"]' }), /Rating sent.*Excellent.*Very good/s],
  [flow({ name: 'flow', body: 'Sent', response_json: '{"flow_token":"secret","stars":5}' }), /Sent.*stars.*5/s],
  [flow({ name: 'flow', response_json: 'not JSON at all' }), /not JSON at all/],
  [flow({ name: 'flow' }), /Form/],
  [flow({ name: 'address_message', body: '7 Sarai Lane\nKarachi', response_json: '{"values":{"name":"Ayesha","in_pin_code":"74000"}}' }), /Address.*7 Sarai Lane.*Ayesha.*in pin code.*74000/s],
  [unsupported('poll_creation'), /A poll, which WhatsApp does not pass on\. Look at the phone\./],
  [unsupported('pin'), /A pinned message, which/],
  [unsupported('edit'), /A change of an earlier message, which/],
  [unsupported('brand_new'), /A message of type brand new, which/],
  [unsupported(null), /A message, which WhatsApp does not pass on/],
  [{ type: 'hologram', hologram: { title: 'In three dimensions' } }, /of type hologram in a form that is not known here.*In three dimensions/s],
  [{ type: 'interactive', interactive: { button_reply: { title: 'without a type' } } }, /not known here.*without a type/s],
  [{ type: 'contacts', contacts: { name: 'an object, no list' } }, /not known here.*an object, no list/s],
  [{ type: 'contacts', contacts: [] }, /Contact/],
  [{ type: 'contacts', contacts: [{ name: { first_name: 'Bilal', last_name: 'Siddiqui' }, org: { company: 'Lamp House', title: 'Owner' }, emails: [{ email: 'b@example.com' }], urls: [{ url: 'https://example.com/b' }], addresses: [{ street: '7 Sarai Lane', city: 'Karachi' }], phones: [{ wa_id: '923005550144' }] }] },
    /Bilal Siddiqui.*Owner, Lamp House.*923005550144.*b@example\.com.*7 Sarai Lane, Karachi.*https:\/\/example\.com\/b/s],
  [{ type: 'location', location: { name: 'Lamp House' } }, /Lamp House/],
  [{ type: 'location', location: {} }, /Location/],
  [{ type: 'button', button: { payload: 'only a payload' } }, /only a payload/],
  [{ type: 'order', order: {} }, /0 items/],
  [{ type: 'image', image: { caption: 'a caption alone' } }, /The file did not come.*a caption alone/s],
  [{ type: 'sticker', sticker: {} }, /The file did not come/],
  [{ type: 'audio', audio: {} }, /The file did not come/],
  [{ type: 'document', document: {} }, /The file did not come/],
  [{ type: 'media_placeholder' }, /A file, which follows/],
  [{ type: 'request_welcome' }, /opened the chat/],
  [{ type: 'request_welcome', referral: { headline: 'Lamps, half price', body: 'This week', image_url: 'https://example.com/ad.jpg', source_url: 'https://example.com/ad' } }, /From an ad.*Lamps, half price.*This week.*Picture of the ad.*example\.com\/ad.*opened the chat/s],
  [{ type: 'system', system: { type: 'something_new' } }, /A note from WhatsApp: something new/],
];

browserScenario('every kind in every odd form says something', async (browser, system) => {
  const at = Math.floor(Date.now() / 1000) - 500;
  const messages = FORMS.map(([message], i) => ({ from: FROM, id: newWamid(), timestamp: String(at + i), ...message }));
  const answer = await system.postWebhook(webhook([change(system.number, { contacts: [contact({ from: FROM })], messages })]));
  assert.equal(answer.status, 200);
  const thread = await system.thread(`${system.account}_${system.number}_${FROM}`);
  assert.equal(thread.length, FORMS.length);
  const page = await browser.inbox();
  await page.setViewportSize({ width: 1360, height: 8000 }); // all of it on the screen
  await open(page, 'Ayesha');
  for (const [i, [message, pattern]] of FORMS.entries()) {
    const row = page.locator(`[data-key="${thread[i].id}"]`);
    await row.waitFor();
    const text = (await row.innerText()).replace(/\s*\d\d:\d\d\s*$/, '');
    assert.match(text, pattern, JSON.stringify(message));
    assert.doesNotMatch(text, /NaN|undefined|\[object|secret/, JSON.stringify(message));
  }
  assert.match(await page.locator('.row .preview').innerText(), /A note from WhatsApp/);
  await page.setViewportSize({ width: 1360, height: 860 });
  await shot(page, 'odd-forms');
});

/** [text, its HTML in the bubble]: what WhatsApp's apps show, and never a stranger's HTML. */
const TEXTS = [
  ['*bold* _italic_ ~struck~ `code`', '<strong>bold</strong> <em>italic</em> <s>struck</s> <code>code</code>'],
  ['*_both_*, and *two words*.', '<strong><em>both</em></strong>, and <strong>two words</strong>.'],
  ['2*3*4 snake_case_name a~b~c', '2*3*4 snake_case_name a~b~c'],
  ['x * not bold * and *not\nclosed*', 'x * not bold * and *not\nclosed*'],
  ['**', '**'],
  ['see https://example.com/a_b_c and *https://example.com/x*', 'see <a href="https://example.com/a_b_c" target="_blank" rel="noopener noreferrer nofollow">https://example.com/a_b_c</a> and <strong><a href="https://example.com/x" target="_blank" rel="noopener noreferrer nofollow">https://example.com/x</a></strong>'],
  ['`*raw* <b>`', '<code>*raw* &lt;b&gt;</code>'],
  ['```let x = "*1*";\nx```', '<pre>let x = "*1*";\nx</pre>'],
  ['an open ``` fence', 'an open ``` fence'],
  ['> quoted *text*\n> twice\nplain', '<blockquote>quoted <strong>text</strong>\ntwice</blockquote><p>plain</p>'],
  ['* one\n* two\n- three', '<ul><li>one</li><li>two</li><li>three</li></ul>'],
  ['3. one\n4. two', '<ol start="3"><li>one</li><li>two</li></ol>'],
  ['<b>*x*</b>', '&lt;b&gt;<strong>x</strong>&lt;/b&gt;'],
  ['*جلدی* بھیجیں', '<strong>جلدی</strong> بھیجیں'],
];

browserScenario('text is formatted as WhatsApp shows it, on both sides', async (browser, system) => {
  const id = await system.customer(FROM, 'hello');
  for (const [text] of TEXTS) await system.sim.writes({ from: FROM, text });
  await system.sim.writes({ from: FROM, text: '*'.repeat(4000) });
  const page = await browser.inbox();
  await page.setViewportSize({ width: 1360, height: 5000 });
  await open(page, 'Ayesha');
  await page.locator('#composer').fill('*Yes*');
  await page.keyboard.press('Enter');
  const out = page.locator('.bubble-line.out .text');
  await out.waitFor();
  assert.equal(await out.innerHTML(), '<strong>Yes</strong>');
  const thread = (await system.thread(id)).filter(({ direction }) => direction === 'in').slice(1);
  for (const [i, [text, html]] of TEXTS.entries()) {
    const shown = page.locator(`[data-key="${thread[i].id}"] .text`);
    await shown.waitFor();
    assert.equal(await shown.innerHTML(), html, text);
  }
});
