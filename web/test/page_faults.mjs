// What goes wrong at the server, and what the page makes of it.
import assert from 'node:assert/strict';

const note = (answers) => answers.last().locator('.note p').textContent();

export const faultTests = [
  {
    name: 'loading: a plain screen, and the page goes on by itself',
    unopened: true,
    run: async ({ page, mock, url, message, ask }) => {
      mock.health = 'loading';
      await page.goto(url);
      await page.getByRole('heading', { name: 'Loading the model' }).waitFor();
      await message.fill('hello');
      assert.ok(await page.getByRole('button', { name: 'Send' }).isDisabled());
      mock.health = 'ok';
      await page.locator('#screen.ready').waitFor();
      assert.equal(await message.inputValue(), 'hello');
      await ask('hello');
    },
  },
  {
    name: 'unreachable: a plain screen with retry',
    run: async ({ page, mock, say, answers, idle }) => {
      await mock.stop();
      await say('hello');
      await idle();
      assert.equal(await note(answers), 'The server cannot be reached.');
      await page.locator('#banner').getByText('The server cannot be reached').waitFor();
      await page.getByRole('button', { name: 'New chat' }).click();
      await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
      await mock.start();
      await page.locator('#screen').getByRole('button', { name: 'Try again' }).click();
      await page.locator('#screen.ready').waitFor();
      await page.locator('#list .conversation').click();
      await answers.getByRole('button', { name: 'Try again' }).click();
      await answers.getByText('You said: hello').waitFor();
      assert.equal(await answers.getByText('2 / 2').count(), 0, 'a failed answer without text is not a branch');
    },
  },
  {
    name: 'unreachable: it comes back without a hand',
    run: async ({ page, mock, say }) => {
      await mock.stop();
      await say('hello');
      await page.locator('#banner').getByText('The server cannot be reached').waitFor();
      await mock.start();
      await page.locator('#banner').waitFor({ state: 'hidden' });
    },
  },
  {
    name: '401: the key is asked for, and the answer comes',
    run: async ({ page, mock, say, answers, idle }) => {
      mock.key = 'right';
      await say('hello');
      const dialog = page.getByRole('dialog', { name: 'API key' });
      await dialog.getByText('This server asks for a key.').waitFor();
      await dialog.getByLabel('Key').fill('wrong');
      await page.keyboard.press('Enter');
      await dialog.getByText('did not accept').waitFor();
      await dialog.getByLabel('Key').fill('right');
      await dialog.getByRole('button', { name: 'Use this key' }).click();
      await answers.getByText('You said: hello').waitFor();
      await idle();
      await page.reload();
      await page.locator('#screen.ready').waitFor({ state: 'attached' });
      mock.key = 'other';
      await say('hello');
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await idle();
      assert.equal(await note(answers), 'The key is missing or wrong');
    },
  },
  {
    name: '401 at the start: the screen says so after a cancel',
    unopened: true,
    run: async ({ page, mock, url }) => {
      mock.key = 'right';
      await page.goto(url);
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('heading', { name: 'The server refuses' }).waitFor();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('dialog').getByLabel('Key').fill('right');
      await page.keyboard.press('Enter');
      await page.locator('#screen.ready').waitFor();
    },
  },
  {
    name: 'an error in the stream: what came before is kept',
    run: async ({ ask, answers, idle, page }) => {
      await ask('error please');
      assert.equal(await note(answers), 'The device gave up');
      assert.equal((await answers.locator('.text').textContent()).trim(), 'Half an answer');
      await page.reload();
      assert.equal(await note(answers), 'The device gave up');
      await page.locator('#screen.ready').waitFor({ state: 'attached' });
      await page.waitForFunction(() => !document.querySelector('.note button').disabled);
      await answers.getByRole('button', { name: 'Try again' }).click();
      await answers.getByText('2 / 2').waitFor();
      await idle();
    },
  },
  {
    name: 'a connection that is lost in the middle',
    run: async ({ ask, answers }) => {
      await ask('drop');
      assert.match(await note(answers), /connection was (lost|closed)/);
      // The browser drops what it had not given yet when the connection broke.
      assert.match(await answers.locator('.text').textContent(), /^Half/);
    },
  },
  {
    name: '503 for an answer, then again',
    run: async ({ mock, ask, answers, page }) => {
      mock.busy = 1;
      await ask('hello');
      assert.equal(await note(answers), 'Too many requests wait already');
      await page.waitForFunction(() => !document.querySelector('.note button').disabled);
      await answers.getByRole('button', { name: 'Try again' }).click();
      await answers.getByText('You said: hello').waitFor();
    },
  },
  {
    name: 'slow: the page says that the prompt is read, and it can be stopped',
    run: async ({ page, say, answers, idle }) => {
      await say('slow');
      await answers.getByText('Reading the prompt').waitFor();
      await page.keyboard.press('Escape');
      await idle();
      assert.equal(await note(answers), 'Stopped.');
      await say('slow');
      await answers.last().getByText('A slow answer.').waitFor();
    },
  },
  {
    name: 'an answer that was cut at its length, and an empty one',
    run: async ({ ask, answers }) => {
      await ask('length');
      assert.equal(await note(answers), 'The answer reached its longest length.');
      await ask('empty');
      assert.equal(await note(answers), 'The answer is empty.');
    },
  },
];
