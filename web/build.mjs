// Makes dist/index.html, one file without references to others, and
// dist/csp.txt, the value of the Content-Security-Policy header that fits it.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const LIMIT = 300_000; // bytes, uncompressed: the page is part of the program
const here = dirname(fileURLToPath(import.meta.url));
const read = (...parts) => readFileSync(join(here, ...parts), 'utf8');

async function bundle(entry) {
  const made = await build({
    entryPoints: [join(here, 'src', entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['es2022', 'chrome110', 'firefox115', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'none', // notices() has them, once
  });
  return made.outputFiles[0].text.trim();
}

// The licences ask that their text goes along with the copies. DOMPurify may
// be taken under either of two; the Apache one asks for a note only, since
// its text is in Ovenbird's own packages.
function notices() {
  const version = (name) => JSON.parse(read('node_modules', name, 'package.json')).version;
  const purify = read('node_modules', 'dompurify', 'dist', 'purify.es.mjs').match(/\/\*! @license (.*?) \*\//)[1];
  const marked = read('node_modules', 'marked', 'LICENSE').split(/^## .*$/m)[2];
  return [
    `This page holds marked ${version('marked')}:\n${marked.trim()}`,
    `highlight.js ${version('highlight.js')}:\n${read('node_modules', 'highlight.js', 'LICENSE').trim()}`,
    `DOMPurify ${version('dompurify')}, taken under the Apache License 2.0:\n${purify}`,
  ].join('\n\n').replaceAll('-->', '');
}

const hash = (text) => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

// "<!--" followed by "<script" would hide the element's end from the browser. It
// stands in strings and patterns only, where the escape means the same.
const script = (await bundle('main.ts')).replaceAll('<!--', '\\x3c!--');
const style = await bundle('style.css');
for (const text of [script, style])
  if (/<\/(script|style)/i.test(text)) throw new Error('the bundle holds a tag that ends it');

// Functions, since "$&" in a replacing string has a meaning.
const page = read('src', 'index.html')
  .replace('/*style*/', () => style)
  .replace('/*script*/', () => script)
  .replace('<!--notices-->', () => `<!--\n${notices()}\n-->`);
if (/<(link|script|img)[^>]*(src|href)="(?!data:)/i.test(page.replace(script, ''))) throw new Error('the page refers to another file');

const csp = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const size = Buffer.byteLength(page);
if (size > LIMIT) throw new Error(`dist/index.html would have ${size} bytes; the limit is ${LIMIT}`);
mkdirSync(join(here, 'dist'), { recursive: true });
writeFileSync(join(here, 'dist', 'index.html'), page);
writeFileSync(join(here, 'dist', 'csp.txt'), csp + '\n');
console.log(`dist/index.html: ${size} bytes of at most ${LIMIT}`);
