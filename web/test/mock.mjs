// A server that keeps the contract of Ovenbird's, with faults on demand. What
// it answers follows from the last message's first word.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const MARKDOWN = `# Title

### A deeper one

Some **bold**, *italic* and \`inline\` text with a [link](https://example.org/page).

| Name | Value |
| :--- | ----: |
| one  | 1     |
| two  | 2     |

- [x] done
- [ ] to do

> A quotation.

\`\`\`python
def greet(name: str) -> str:
    # a comment
    return f"Hello {name}, ${'x'.repeat(160)}"
\`\`\`

\`\`\`unknown-language
plain <b>text</b>
\`\`\`

![a picture](https://example.org/picture.png)
`;

export const HOSTILE = `<script>window.hacked = 1</script>
<img src=x onerror="window.hacked = 2">
<img src="https://evil.example/pixel.png" srcset="https://evil.example/2.png 2x" alt="pixel">
<svg onload="window.hacked = 3"><use href="https://evil.example/a.svg#x"/></svg>
<iframe src="https://evil.example/"></iframe><object data="https://evil.example/"></object>
<a href="javascript:window.hacked=4">raw link</a>
<div style="position:fixed;inset:0;background:url(https://evil.example/bg.png)" class="screen" id="composer">over all</div>
<style>body { display: none }</style><link rel="stylesheet" href="https://evil.example/x.css">
<form action="https://evil.example/"><input name="q"><button>send</button></form>
<meta http-equiv="refresh" content="0;url=https://evil.example/"><base href="https://evil.example/">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hacked=5&gt;">

[markdown link](javascript:window.hacked=6) [entity](jav&#x61;script:window.hacked=7) [data](data:text/html,<script>window.hacked=8</script>)

![remote](https://evil.example/remote.png) ![local](/v1/models) ![svg](data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=)
![dot](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)

\`\`\`"><img src=x onerror=window.hacked=9>
</code></pre><img src=x onerror="window.hacked = 10">
\`\`\`

<video src="https://evil.example/v.mp4" poster="https://evil.example/p.png" autoplay></video> the end`;

const words = (text) => text.match(/\s*\S+\s*/g) ?? [];
const lines = (count) => Array.from({ length: count }, (_, index) => `This is line ${index + 1} of a long answer, and it has some words.\n\n`);

export class Mock {
  health = 'ok'; // ok | loading
  key = '';
  fallback = ['NPU: no such device is visible here'];
  headerFallback = '';
  busy = 0; // so many requests are answered with 503
  context = 1024;
  pause = 15; // ms between two pieces
  requests = [];
  aborted = 0;
  scripted = null; // answers for the screenshots
  port = 0;

  async start() {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error) => response.destroy(error));
    });
    await new Promise((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return `http://127.0.0.1:${this.port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async serve(request, response) {
    const json = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const path = request.url.split('?')[0];
    if (path === '/') {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': readFileSync(join(dist, 'csp.txt'), 'utf8').trim(),
        'x-content-type-options': 'nosniff',
      });
      response.end(readFileSync(join(dist, 'index.html')));
      return;
    }
    if (path === '/health') {
      if (this.health === 'loading') json(503, { error: { code: 503, message: 'Loading model' } });
      else json(200, { status: 'ok', device: 'CPU', fallback: this.fallback });
      return;
    }
    if (this.key && request.headers.authorization !== `Bearer ${this.key}`) {
      json(401, { error: { code: 401, message: 'The key is missing or wrong' } });
      return;
    }
    if (path === '/v1/models') {
      const model = (id, loaded, temperature) => ({
        id, object: 'model', created: 1, owned_by: 'ovenbird',
        meta: { context_length: this.context, device: loaded ? 'CPU' : null, loaded, defaults: { temperature, top_p: 0.8, top_k: 20, min_p: 0 } },
      });
      json(200, { object: 'list', data: [model('smollm2-360m', false, 0.2), model('qwen3-0.6b-int4', true, 0.7)] });
      return;
    }
    if (path === '/v1/chat/completions' && request.method === 'POST') {
      const parts = [];
      for await (const part of request) parts.push(part);
      await this.answer(JSON.parse(Buffer.concat(parts)), response, json);
      return;
    }
    json(404, { error: { code: 404, message: 'Not found' } });
  }

  script(text) {
    const [first] = text.split(/\s/, 1);
    switch (first) {
      case 'think': return { reasoning: words('The user wants me to think. So I do, for a while.'), content: words('Here is the result of it.') };
      case 'markdown': return { content: words(MARKDOWN) };
      case 'hostile': return { content: words(HOSTILE) };
      case 'long': return { content: lines(80) };
      case 'endless': return { content: lines(2000) };
      case 'cut': return { content: words('Größe, Maß und 🐦‍⬛ in **fetter** Schrift: 日本語'), bytes: true };
      case 'length': return { content: words('This is cut'), finish: 'length' };
      case 'error': return { content: words('Half an answer'), error: 'The device gave up' };
      case 'drop': return { content: words('Half an answer'), drop: true };
      case 'empty': return { content: [] };
      case 'slow': return { wait: 1500, content: words('A slow answer.') };
      case 'sentences': return { content: words('This is one sentence of the answer. '.repeat(40)), pause: 15 };
      case 'full': return { content: words('Nearly full.'), prompt: 1000 };
      default: return { content: words(`You said: ${text}. This is answer number ${this.requests.length}.`) };
    }
  }

  async answer(body, response, json) {
    this.requests.push(body);
    if (this.busy > 0) {
      this.busy--;
      json(503, { error: { code: 503, message: 'Too many requests wait already' } });
      return;
    }
    let open = true;
    response.on('close', () => {
      if (!response.writableFinished) this.aborted++;
      open = false;
    });
    const text = body.messages.at(-1).content;
    const script = this.scripted?.(text) ?? this.script(text);
    response.writeHead(200, {
      'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-ovenbird-device': 'CPU',
      ...(this.headerFallback ? { 'x-ovenbird-fallback': this.headerFallback } : {}),
    });
    const write = async (piece) => {
      if (!script.bytes) {
        response.write(piece);
        return;
      }
      for (const byte of Buffer.from(piece)) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const send = (delta, more = {}) => write(`data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`);
    await write(': waiting\n\n');
    await sleep(script.wait ?? 30);
    await send({ role: 'assistant', content: '' });
    for (const [name, pieces] of [['reasoning_content', script.reasoning ?? []], ['content', script.content]]) {
      for (const piece of pieces) {
        if (!open) return;
        await send({ [name]: piece });
        await sleep(script.pause ?? this.pause);
      }
    }
    if (script.drop) {
      response.destroy();
      return;
    }
    if (script.error) {
      await write(`data: ${JSON.stringify({ error: { code: 500, message: script.error } })}\n\n`);
      response.end();
      return;
    }
    const finish = script.finish ?? 'stop';
    await write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: finish }] })}\n\n`);
    const prompt = script.prompt ?? 20 + body.messages.reduce((sum, each) => sum + words(each.content).length, 0);
    await write(`data: ${JSON.stringify({
      choices: [],
      usage: { prompt_tokens: prompt, completion_tokens: script.tokens ?? script.content.length, prompt_tokens_details: { cached_tokens: body.messages.length > 2 ? prompt - 9 : 0 } },
      timings: { prompt_ms: 210, predicted_ms: 1200, predicted_per_second: 23.42, ttft_ms: 312 },
    })}\n\n`);
    await write('data: [DONE]\n\n');
    response.end();
  }
}
