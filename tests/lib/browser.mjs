// Debian's Chromium against a real Convwire: an agent signs in and watches. Anything that the browser blocks or throws
// fails the test.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

import { REPO, scenario } from './system.mjs';

export const SHOTS = path.join(REPO, 'build/screenshots');
export const REPO_DASHBOARD = path.join(REPO, 'build/share/convwire/dashboard');
export const PASSWORD = 'a password that nobody guesses';
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--force-color-profile=srgb', '--font-render-hinting=none', '--disable-save-password-bubble', '--disable-features=PasswordManagerOnboarding,AutofillServerCommunication,PasswordLeakDetection'];

export async function launch() {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is installed (scripts/install-packages.sh test)`);
  return chromium.launch({ executablePath: CHROMIUM, headless: true, ignoreDefaultArgs: ['--headless'], args: FLAGS });
}

/** Records a page's faults: what its policy blocked, what it threw, and console errors. */
function watch(page, faults) {
  page.on('pageerror', (error) => faults.push(`threw: ${error.stack ?? error}`));
  page.on('console', (message) => {
    const text = message.text();
    // Every browser logs networks that the tests cut and requests that they have refused; these are expected.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection to|WebSocket is already in CLOSING|net::ERR_/.test(text)) faults.push(`console: ${text}`);
    if (/Content Security Policy|Content-Security-Policy/.test(text)) faults.push(`CSP: ${text}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
}

export class Browser {
  faults = [];
  contexts = [];

  constructor(system, chromium) {
    this.system = system;
    this.chromium = chromium;
    this.url = `http://127.0.0.1:${system.httpPort}`;
  }

  /** A new browser profile. */
  async context(options = {}) {
    const context = await this.chromium.newContext({ viewport: { width: 1360, height: 860 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(20_000);
    this.contexts.push(context);
    return context;
  }

  async page(context) {
    const page = await context.newPage();
    watch(page, this.faults);
    return page;
  }

  /** The page of an agent who has signed in and is live. */
  async inbox({ agent = 'ann', at = '/', context, ...options } = {}) {
    const page = await this.page(context ?? await this.context(options));
    await page.goto(this.url + at);
    if (await page.locator('form.sign-in, .panes').first().waitFor().then(() => page.locator('form.sign-in').isVisible())) await this.signIn(page, agent);
    await live(page);
    return page;
  }

  async signIn(page, agent = 'ann', password = PASSWORD) {
    await page.getByLabel('Agent or email').fill(agent);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
}

export const live = (page, options) => page.locator('.indicator.live').first().waitFor(options);
export const row = (page, name) => page.locator('.row', { hasText: name });
export const bubble = (page, text) => page.locator('.bubble', { hasText: text });

/** The open thread's scrolled area, and whether it stands at the newest message. */
export const threadScroll = (page) => page.locator('.thread-scroll');
export const isAtThreadEnd = (page) => threadScroll(page).evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 5);

export async function open(page, name) {
  await row(page, name).locator('a').click();
  await page.locator('.thread-head h2', { hasText: name }).waitFor();
}

/** Fails on serious or critical violations of WCAG 2.1 AA. */
async function assertAccessible(page, state) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`).join(' | ')}`), [], state);
}

async function picture(page, name) {
  await fs.mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}

/**
 * Checks a state: axe must find nothing serious, and a screenshot is kept in build/screenshots for people to look at.
 */
export async function shot(page, name) {
  await picture(page, name);
  await assertAccessible(page, name);
}

let shared = null;

/** A scenario with agents ann and bob, a simulated WhatsApp, and a browser. body(browser, system). */
export function browserScenario(name, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options];
  scenario(name, { timeout: 180_000, ...options }, async (system) => {
    await system.init();
    if (options.sim !== false) await system.startSim(...(options.sim ?? []));
    await system.startBroker(); // first: it may have to take other ports than were chosen
    await system.configure(`mqtt_public_url = ws://127.0.0.1:${system.wsPort}`, `dashboard = ${REPO_DASHBOARD}`, ...(options.configure ?? []));
    await system.startDaemon();
    await system.ready();
    for (const agent of ['ann', 'bob']) {
      const file = path.join(system.dir, `${agent}.password`);
      await fs.writeFile(file, PASSWORD, { mode: 0o600 });
      const added = await system.convwire('agent', 'add', agent, '--name', agent === 'ann' ? 'Ann Ahmed' : 'Bob Brown', '--password-file', file);
      assert.equal(added.code, 0, added.stderr);
    }
    shared ??= launch();
    const browser = new Browser(system, await shared);
    try {
      await body(browser, system);
      assert.deepEqual(browser.faults, [], 'the pages had no faults');
    } catch (error) {
      for (const [i, page] of browser.contexts.flatMap((context) => context.pages()).entries()) {
        await picture(page, `failed-${name.replace(/\W+/g, '-').slice(0, 60)}-${i}`).catch(() => {});
      }
      if (browser.faults.length) console.error(browser.faults.join('\n'));
      throw error;
    } finally {
      for (const context of browser.contexts) await context.close();
    }
  });
}

/** At the end of a file: closes the browser that its scenarios shared. */
export async function closeBrowser() {
  await (await shared)?.close();
}
