// Tries the page in a browser. `node test/page.mjs [word]` runs the tests whose
// name has the word. With OVENBIRD_URL a real server is used, for the tests
// that do not need faults. CHROMIUM names the browser.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { axeTests } from './page_axe.mjs';
import { faultTests } from './page_faults.mjs';
import { keepTests } from './page_keep.mjs';
import { readTests } from './page_read.mjs';
import { talkTests } from './page_talk.mjs';
import { Mock } from './mock.mjs';

const real = process.env.OVENBIRD_URL;
const wanted = process.argv[2] ?? '';
const DESKTOP = { width: 1200, height: 800 };

const tests = [...talkTests, ...readTests, ...keepTests, ...faultTests, ...axeTests]
  .filter((each) => each.name.includes(wanted) && (!real || each.real));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

async function run(test) {
  const mock = real ? null : new Mock();
  const url = real ? real.replace(/\/$/, '') : await mock.start();
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'], ...test.context });
  context.setDefaultTimeout(real ? 120_000 : 10_000);
  const wrong = [];
  context.on('request', (request) => {
    if (!test.violates && !request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) wrong.push(`a request to ${request.url()}`);
  });
  context.on('weberror', (error) => wrong.push(`an error: ${error.error()}`));
  context.on('console', (message) => {
    if (!test.violates && /Content Security Policy|violates/i.test(message.text())) wrong.push(message.text());
  });
  const page = await context.newPage();
  const tools = makeTools(page, url);
  try {
    if (test.before) await context.addInitScript(test.before);
    if (!test.unopened) await tools.open();
    await test.run({ page, mock, url, context, ...tools });
    assert.deepEqual(wrong, [], 'the page stays within its bounds');
  } finally {
    await context.close();
    await mock?.stop();
  }
}

function makeTools(page, url) {
  const message = page.getByLabel('Message', { exact: true });
  const answers = page.locator('.turn.assistant');
  const idle = () => page.waitForFunction(() => !document.querySelector('.turn.running'));
  return {
    message,
    answers,
    users: page.locator('.turn.user'),
    idle,
    open: async (path = '/') => {
      await page.goto(url + path);
      await page.waitForFunction(() => document.querySelector('#screen').classList.contains('ready'));
    },
    // Sends and does not wait.
    say: async (text) => {
      await message.fill(text);
      await page.getByRole('button', { name: 'Send' }).click();
    },
    ask: async (text) => {
      const before = await page.locator('.turn').count();
      await message.fill(text);
      await page.getByRole('button', { name: 'Send' }).click();
      await page.waitForFunction((count) => document.querySelectorAll('.turn').length >= count, before + 2);
      await idle();
    },
  };
}

let failed = 0;
const begin = Date.now();
for (const test of tests) {
  const start = Date.now();
  try {
    await Promise.race([run(test), new Promise((_, reject) => setTimeout(() => reject(new Error('took too long')), real ? 300_000 : 60_000).unref())]);
    console.log(`ok    ${test.name} (${Date.now() - start} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${test.name}\n${error.stack ?? error}`);
  }
}
await browser.close();
console.log(`${tests.length - failed} of ${tests.length} passed in ${((Date.now() - begin) / 1000).toFixed(0)} s`);
process.exit(failed || !tests.length ? 1 : 0);
