// axe on each state of the page, in light and dark, wide and narrow.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

async function check(page, what) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.addScriptTag({ path: axe });
  const found = await page.evaluate(async () => (await window.axe.run()).violations.map((each) => `${each.id}: ${each.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`).join(' | ')}`));
  assert.deepEqual(found, [], what);
}

async function states({ page, ask, answers, idle, mock, say, url }) {
  await check(page, 'empty');
  await ask('think');
  await page.locator('.thinking summary').click();
  await ask('markdown');
  await answers.last().getByRole('button', { name: 'Answer again' }).click();
  await answers.getByText('2 / 2').waitFor();
  await check(page, 'while answering');
  await idle();
  await page.locator('#device summary').click();
  await check(page, 'a conversation');
  await page.keyboard.press('Escape');
  await page.locator('.turn.user').last().getByRole('button', { name: 'Edit message' }).click();
  await check(page, 'editing');
  await page.keyboard.press('Escape');
  await ask('error');
  await check(page, 'an error');
  await ask('full');
  await check(page, 'a full context');
  await page.getByRole('button', { name: 'Settings' }).click();
  await check(page, 'settings');
  await page.keyboard.press('Escape');
  const menu = page.getByRole('button', { name: 'Conversations' });
  const narrow = await menu.isVisible();
  if (narrow) await menu.click();
  await page.waitForTimeout(250);
  await check(page, 'the list');
  await page.getByRole('button', { name: /^Rename/ }).first().click();
  await check(page, 'renaming');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Delete/ }).first().click();
  await check(page, 'deleting');
  await page.keyboard.press('Escape');
  await page.getByLabel('Search conversations').fill('think');
  await page.locator('.snippet').waitFor();
  await check(page, 'searching');
  if (narrow) await page.getByRole('button', { name: 'Close the list' }).click();
  mock.health = 'loading';
  await page.goto(`${url}/?again`);
  await page.getByRole('heading', { name: 'Loading the model' }).waitFor();
  await check(page, 'loading');
  mock.health = 'ok';
  await page.locator('#screen.ready').waitFor();
  await mock.stop();
  await say('hello');
  await page.locator('#banner button').waitFor();
  await check(page, 'unreachable, with messages');
  await page.goBack();
  await page.locator('#screen.unreachable').waitFor();
  await check(page, 'unreachable');
  await mock.start();
}

export const axeTests = ['light', 'dark'].flatMap((colorScheme) => [1200, 400].map((width) => ({
  name: `axe, ${colorScheme}, ${width} pixels wide`,
  context: { bypassCSP: true, colorScheme, viewport: { width, height: 800 } },
  run: states,
})));
