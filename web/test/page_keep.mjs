// What is kept: conversations, drafts, settings.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const names = (page) => page.locator('#list .name').allTextContents();
const fresh = (page) => page.getByRole('button', { name: 'New chat' }).click();

export const keepTests = [
  {
    name: 'conversations are kept, found, renamed and deleted',
    real: true,
    run: async ({ page, ask, users }) => {
      await ask('Apples and pears');
      await fresh(page);
      await ask('Cats and dogs');
      await page.reload();
      assert.deepEqual(await users.locator('.text').allTextContents(), ['Cats and dogs']);
      assert.deepEqual(await names(page), ['Cats and dogs', 'Apples and pears']);

      const list = page.locator('#list li');
      await page.getByLabel('Search conversations').fill('PEARS');
      await page.waitForFunction(() => document.querySelectorAll('#list li').length === 1);
      assert.match(await list.locator('.snippet').textContent(), /pears/);
      await page.getByLabel('Search conversations').fill('nothing has this');
      await page.getByText('Nothing found.').waitFor();
      await page.keyboard.press('Escape');
      await page.waitForFunction(() => document.querySelectorAll('#list li').length === 2);

      await list.getByText('Apples and pears').click();
      await page.getByRole('button', { name: 'Rename “Apples and pears”' }).click();
      await page.getByLabel('Title').fill('Fruit <b>');
      await page.keyboard.press('Enter');
      await page.locator('#title', { hasText: 'Fruit <b>' }).waitFor();
      await ask('More'); // an answer must not bring the old title back
      assert.deepEqual(await names(page), ['Fruit <b>', 'Cats and dogs']);

      await page.getByRole('button', { name: 'Delete “Fruit <b>”' }).click();
      await page.keyboard.press('Escape');
      assert.equal(await list.count(), 2);
      await page.getByRole('button', { name: 'Delete “Fruit <b>”' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.waitForFunction(() => document.querySelectorAll('#list li').length === 1);
      assert.equal(await page.locator('.turn').count(), 0);
      await page.reload();
      assert.deepEqual(await names(page), ['Cats and dogs']);
    },
  },
  {
    name: 'export and import',
    run: async ({ page, ask, answers, idle }) => {
      await page.evaluate(() => localStorage.setItem('ovenbird.key', 'secret-key'));
      await ask('one');
      await answers.getByRole('button', { name: 'Answer again' }).click();
      await answers.getByText('2 / 2').waitFor();
      await idle();
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
      assert.match(download.suggestedFilename(), /^ovenbird-chats-\d{4}-\d\d-\d\d\.json$/);
      const source = await readFile(await download.path(), 'utf8');
      assert.ok(!source.includes('secret-key'));
      assert.equal(JSON.parse(source).conversations[0].tree.turns.length, 3);

      const bring = async (content, title) => {
        await page.locator('#file').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(content) });
        const dialog = page.getByRole('dialog', { name: title, exact: true });
        await dialog.waitFor();
        await dialog.getByRole('button', { name: 'Close' }).click();
      };
      await bring(source, 'Imported'); // twice is once
      assert.equal(await page.locator('#list li').count(), 1);
      await page.getByRole('button', { name: 'Delete “one”' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('No conversations yet.').waitFor();
      await bring('{"format":"ovenbird-chats","version":1,"conversations":[{"id":"__proto__"}]}', 'Not imported');
      await bring('not JSON', 'Not imported');
      assert.equal(await page.locator('#list li').count(), 0);
      await bring(source.replace('"title": "one"', '"title": "<img src=x onerror=window.hacked=1>"'), 'Imported');
      assert.deepEqual(await names(page), ['<img src=x onerror=window.hacked=1>']);
      await page.locator('#list .conversation').click();
      await answers.getByText('2 / 2').waitFor();
      assert.equal(await page.evaluate(() => window.hacked), undefined);
    },
  },
  {
    name: 'drafts are kept for each conversation',
    real: true,
    run: async ({ page, message, ask }) => {
      await ask('Say one.');
      await message.fill('draft of the first');
      await fresh(page);
      await page.waitForFunction(() => document.querySelector('#message').value === '');
      await message.fill('draft of the new one');
      await page.locator('#list .conversation').click();
      await page.waitForFunction(() => document.querySelector('#message').value === 'draft of the first');
      await fresh(page);
      await page.waitForFunction(() => document.querySelector('#message').value === 'draft of the new one');
      await page.waitForTimeout(500);
      await page.reload();
      await page.waitForFunction(() => document.querySelector('#message').value === 'draft of the new one');
    },
  },
  {
    name: 'an answer goes on while another conversation is shown',
    run: async ({ page, say, answers, users, idle }) => {
      await say('long');
      await page.locator('.turn.running .block').first().waitFor();
      await fresh(page);
      await page.locator('#list .live').waitFor();
      assert.equal(await page.locator('.turn').count(), 0);
      await say('quick');
      await users.getByText('quick').waitFor();
      await idle();
      await page.locator('#list').getByText('long').click();
      await answers.getByText('line 80 of').waitFor();
      assert.equal(await page.locator('#list .live').count(), 0);
    },
  },
  {
    name: 'an answer that the page left behind is shown as cut off',
    run: async ({ page, say, answers }) => {
      await say('endless');
      await page.getByText('line 5 of').waitFor();
      await page.waitForTimeout(1200);
      await page.reload();
      await answers.getByText('Cut off when the page was closed.').waitFor();
      await answers.getByText('line 5 of').waitFor();
    },
  },
  {
    name: 'two tabs do not lose each other’s messages',
    run: async ({ page, ask, context, users }) => {
      await ask('from the first');
      const other = await context.newPage();
      await other.goto(page.url());
      await other.getByText('from the first').first().waitFor();
      await other.getByLabel('Message', { exact: true }).fill('from the second');
      await other.waitForFunction(() => !document.querySelector('.send').disabled);
      await other.keyboard.press('Enter');
      await users.getByText('from the second').waitFor();
      await other.waitForFunction(() => document.querySelectorAll('.turn').length === 4 && !document.querySelector('.turn.running'));
      await other.getByRole('button', { name: 'Delete “from the first”' }).click();
      await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('No conversations yet.').waitFor();
      assert.equal(await users.count(), 0);
    },
  },
  {
    name: 'without a store the page says so, and works',
    before: () => Object.defineProperty(window, 'indexedDB', { get: () => { throw new Error('forbidden'); } }),
    run: async ({ page, ask, answers }) => {
      await page.getByRole('dialog', { name: 'Nothing is kept' }).getByRole('button', { name: 'Close' }).click();
      await ask('hello');
      await fresh(page);
      await page.locator('#list .conversation').click();
      await answers.getByText('You said: hello').waitFor();
    },
  },
  {
    name: 'settings: defaults are shown, and only what is set is sent',
    run: async ({ page, ask, mock }) => {
      const open = () => page.getByRole('button', { name: 'Settings' }).click();
      const hint = (label) => page.getByLabel(label, { exact: true }).getAttribute('placeholder');
      await open();
      assert.equal(await hint('Temperature'), '0.7');
      assert.equal(await hint('Top-p'), '0.8');
      assert.equal(await hint('Top-k'), '20');
      assert.equal(await hint('Min-p'), '0');
      await page.getByLabel('Model').selectOption('smollm2-360m');
      assert.equal(await hint('Temperature'), '0.2');
      await page.getByLabel('System message').fill('Be short.');
      await page.getByLabel('Temperature').fill('0');
      await page.getByLabel('Top-p').fill('7'); // refused by the browser's own check
      await page.getByRole('button', { name: 'Save' }).click();
      assert.ok(await page.getByRole('dialog').isVisible());
      await page.getByLabel('Top-p').fill('0.5');
      await page.getByLabel('Longest answer').fill('64');
      await page.getByLabel('API key').fill('k1');
      await page.getByRole('button', { name: 'Save' }).click();
      await ask('hello');
      const expected = { model: 'smollm2-360m', temperature: 0, top_p: 0.5, max_tokens: 64, messages: [{ role: 'system', content: 'Be short.' }, { role: 'user', content: 'hello' }], stream: true, stream_options: { include_usage: true } };
      assert.deepEqual(mock.requests.at(-1), expected);
      await page.reload();
      await page.waitForFunction(() => document.querySelector('#screen').classList.contains('ready'));
      await ask('again');
      assert.equal(mock.requests.at(-1).temperature, 0);
      await open();
      await page.getByLabel('Temperature').fill('');
      await page.keyboard.press('Escape'); // changes nothing
      await open();
      assert.equal(await page.getByLabel('Temperature').inputValue(), '0');
      assert.equal(await page.getByLabel('API key').inputValue(), 'k1');
    },
  },
];
