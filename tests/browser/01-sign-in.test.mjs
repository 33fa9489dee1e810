// Signing in and out. When a session has ended, the form appears over the page, and nothing that was written is lost.
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { browserScenario, bubble, closeBrowser, live, open, PASSWORD, shot } from '../lib/browser.mjs';
import { eventually } from '../lib/until.mjs';

after(closeBrowser);

browserScenario('a wrong password shows an error; a right one opens the inbox, also after a reload', async (browser, system) => {
  await system.customerWrites({ body: 'hello' });
  const page = await browser.page(await browser.context());
  await page.goto(browser.url);
  await browser.signIn(page, 'ann', 'wrong');
  assert.equal(await page.getByRole('alert').textContent(), 'Wrong name or password.');
  await shot(page, 'sign-in-wrong');
  await browser.signIn(page, 'ann', PASSWORD);
  await live(page);
  await page.reload();
  await live(page);
  await page.locator('.row').waitFor();
  assert.deepEqual(await page.evaluate(() => [document.cookie, Object.keys(localStorage).filter((key) => /token|session/i.test(key))]), ['', []],
    'no script can read the session');
});

browserScenario('signing out ends the other tab, too', async (browser) => {
  const context = await browser.context();
  const page = await browser.inbox({ context });
  const other = await browser.inbox({ context });
  await page.evaluate(() => localStorage.setItem(`convwire.draft.${window.client.identity.account}.ann.x`, 'a draft'));
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  for (const one of [page, other]) await one.locator('form.sign-in').waitFor();
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => /draft/.test(key))), [], 'nothing that was written is left');
});

browserScenario('an ended session: the form covers the page, the draft is kept, and work continues after signing in', {
  configure: ['access_token_s = 60'],
}, async (browser, system) => {
  await system.customer('923456789012', 'Is anybody there?');
  const page = await browser.inbox();
  await open(page, 'Ayesha');
  await page.locator('#composer').fill('half a rep');
  assert.equal((await system.control('revoke', { kind: 'subject', account: system.account, value: 'ann' })).status, 'ok');
  const form = page.locator('dialog form.sign-in');
  await form.waitFor();
  await shot(page, 'session-over');
  assert.equal(await page.locator('.indicator').first().textContent(), 'Signed out');
  assert.equal(await form.getByLabel('Agent or email').inputValue(), 'ann');
  // A revocation hits tokens signed up to and including its second.
  const second = Math.floor(Date.now() / 1000);
  await eventually(() => Math.floor(Date.now() / 1000) > second, 'the next second');
  await form.getByLabel('Password').fill(PASSWORD);
  await form.getByRole('button', { name: 'Sign in' }).click();
  await form.waitFor({ state: 'detached' });
  await live(page);
  assert.equal(await page.locator('#composer').inputValue(), 'half a rep');
  await page.locator('#composer').press('End');
  await page.keyboard.type('ly');
  await page.keyboard.press('Enter');
  await bubble(page, 'half a reply').waitFor();
  await eventually(async () => (await system.sim.taken()).length === 1, 'it was sent');
});

browserScenario('a sign-out in another tab ends a sign-in under way', async (browser) => {
  const context = await browser.context();
  const other = await browser.inbox({ context });
  const page = await browser.page(context);
  let held;
  const isHeld = new Promise((resolve) => {
    page.route('**/api/v1/session', (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      held = route;
      return resolve();
    });
  });
  await page.goto(browser.url);
  await isHeld;
  await other.getByRole('button', { name: 'Menu' }).click();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.locator('form.sign-in').waitFor();
  await held.continue();
  await page.locator('form.sign-in').waitFor();
  assert.equal(await page.locator('.panes').count(), 0, 'no inbox');
});

browserScenario('a token that the server refuses: an error message', async (browser) => {
  const page = await browser.page(await browser.context());
  await page.route('**/api/v1/session', (route) => (route.request().method() === 'GET' ?
    route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"title":"no_role","status":403}' }) : route.continue()));
  await page.goto(browser.url);
  await browser.signIn(page);
  assert.equal(await page.getByRole('alert').textContent(), 'Sign-in failed (token_refused). Try again.');
});

browserScenario('a sign-out that did not reach the server is reported, and has no effect', async (browser) => {
  const page = await browser.inbox();
  await page.route('**/api/v1/session', (route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue()));
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('you are still signed in here').waitFor();
  await live(page);
  await page.unroute('**/api/v1/session');
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('form.sign-in').waitFor();
});

browserScenario('somebody else signs in in another tab: this page never acts as them', async (browser, system) => {
  await system.customerWrites({ body: 'hello' });
  const context = await browser.context();
  const page = await browser.inbox({ context });
  const other = await context.request.post(`${browser.url}/api/v1/session`, { data: { login: 'bob', password: PASSWORD } });
  assert.equal(other.status(), 200);
  const acted = [];
  page.on('request', (request) => { if (/\/api\/v1\/(sync|conversations|agents)/.test(request.url())) acted.push(request.url()); });
  for (let i = 0; i < 3; i++) { // separate requests, as the outbox and a returning page send them
    await page.evaluate(() => { window.client.reauthenticate(); });
    await eventually(() => page.evaluate(() => window.client.status === 'signed out'), 'signed out');
    await assert.rejects(page.evaluate(() => window.client.agents()), /Nobody is signed in here/);
  }
  assert.deepEqual(acted, [], 'nothing was asked with the other one’s token');
  await page.locator('dialog form.sign-in').waitFor();
});

browserScenario('the server is unreachable: an error message, and a button that helps', async (browser, system) => {
  const page = await browser.page(await browser.context());
  await page.addInitScript(() => { localStorage.setItem('convwire.signed_in', 'yes'); }); // somebody was signed in here
  await page.route('**/api/v1/session/refresh', (route) => route.abort());
  await page.goto(browser.url);
  await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
  await page.unroute('**/api/v1/session/refresh');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('form.sign-in').waitFor();
});
