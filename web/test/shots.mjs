// Makes docs/page.png and docs/page_phone.png from a made-up conversation.
import { dirname, join } from 'node:path';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { Mock } from './mock.mjs';

const LIMIT = 150_000;
const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs');
const pieces = (text) => text.match(/\s*\S+\s*/g);

const BREAD = `Use less water and a longer rest. Whole flour takes up more water, but slowly.

| Step | Time | What to look for |
| :--- | ---: | :--- |
| Mix | 10 min | no dry flour is left |
| Rest | 12 h | the dough has doubled |
| Bake | 45 min | the crust is dark brown |

Put the loaf on a rack afterwards, and cut it when it is **cold**.`;

const CODE = `This function takes the flour's weight and gives the rest in grams.

\`\`\`python
def recipe(flour: int, hydration: float = 0.72) -> dict[str, int]:
    """Amounts in grams for one loaf."""
    return {
        "water": round(flour * hydration),
        "salt": round(flour * 0.02),
        "yeast": 2,
    }
\`\`\`

For 500 g of flour it gives 360 g of water and 10 g of salt.`;

const TALK = [
  ['My bread of whole flour comes out flat and wet. What can I change?', {
    reasoning: pieces('Flat and wet: too much water, or not enough time. I should give a short plan.'), content: pieces(BREAD), prompt: 41, tokens: 118,
  }],
  ['Write a Python function for the amounts.', { content: pieces(CODE), prompt: 186, tokens: 131 }],
];

const mock = new Mock();
mock.pause = 4;
mock.context = 4096;
mock.scripted = (text) => TALK.find(([question]) => question === text)?.[1];
const url = await mock.start();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless=new', '--no-sandbox', '--disable-gpu'] });

async function shot(name, options, scheme) {
  const context = await browser.newContext({ colorScheme: scheme, ...options });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('#screen.ready').waitFor();
  const ask = async (text) => {
    const before = await page.locator('.turn').count();
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.waitForFunction((count) => document.querySelectorAll('.turn').length === count + 2 && !document.querySelector('.turn.running'), before);
  };
  if (!options.isMobile) {
    for (const other of ['Plan a week of dinners for two', 'Explain how a heat pump works', 'Translate a letter to the landlord', 'Names for a small bakery']) {
      await ask(other);
      await page.getByRole('button', { name: 'New chat' }).click();
    }
  }
  for (const [question] of TALK) await ask(question);
  if (!options.isMobile) {
    await page.locator('.again-button').last().click();
    await page.getByText('2 / 2').waitFor();
    await page.waitForFunction(() => !document.querySelector('.turn.running'));
  }
  await page.waitForTimeout(300);
  const path = join(docs, name);
  await page.screenshot({ path });
  const { size } = statSync(path);
  console.log(`docs/${name}: ${size} bytes`);
  if (size > LIMIT) throw new Error('the picture is too large');
  await context.close();
}

await shot('page.png', { viewport: { width: 1200, height: 900 } }, 'light');
await shot('page_phone.png', { viewport: { width: 400, height: 800 }, isMobile: true, hasTouch: true }, 'dark');
await browser.close();
await mock.stop();
