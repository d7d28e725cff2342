import assert from "node:assert/strict";
import test from "node:test";
import { Ollama } from "ollama";
import { assertCancels, assertPlace, long, place, question, url } from "./asked.js";

const client = new Ollama({ host: url });
const fields = { model: "smol", messages: question, options: { num_predict: 24, temperature: 0 } };
const weather = { type: "function", function: { name: "weather", description: "Weather of a city", parameters: place } };

async function together(stream, of) {
  let text = "";
  let last;
  for await (const part of stream) {
    text += of(part);
    last = part;
  }
  assert.equal(last.done, true);
  return text;
}

test("a chat and a prompt, in whole and streamed", async () => {
  const whole = await client.chat(fields);
  assert.match(whole.message.content, /Paris/);
  assert.equal(await together(await client.chat({ ...fields, stream: true }), (part) => part.message.content), whole.message.content);
  const asked = { model: "smol:latest", prompt: question[0].content, options: fields.options };
  const prompted = await client.generate(asked);
  assert.equal(prompted.response, whole.message.content);
  assert.equal(await together(await client.generate({ ...asked, stream: true }), (part) => part.response), prompted.response);
});

test("a form", async () => {
  const whole = await client.chat({ ...fields, format: place, options: { num_predict: 60 } });
  assertPlace(JSON.parse(whole.message.content));
});

test("tools: a call, its stream, and what comes behind its answer", async () => {
  // Ollama's API cannot make a model call; this one does as it did before.
  const messages = ["Rome", "Oslo", "Lima", "Bern"].flatMap((city) => [
    { role: "user", content: `Weather in ${city}?` },
    { role: "assistant", content: "", tool_calls: [{ function: { name: "weather", arguments: { city } } }] },
  ]);
  messages.push({ role: "user", content: "Weather in Paris?" });
  const asked = { ...fields, model: "tools", messages, tools: [weather], options: { num_predict: 60, temperature: 0 } };
  const whole = await client.chat(asked);
  assert.equal(whole.message.tool_calls[0].function.name, "weather");
  assert.deepEqual(whole.message.tool_calls[0].function.arguments, { city: "Paris" });
  const calls = [];
  for await (const part of await client.chat({ ...asked, stream: true })) calls.push(...(part.message.tool_calls ?? []));
  assert.deepEqual(calls.map((call) => call.function), whole.message.tool_calls.map((call) => call.function));
  const behind = [...messages, whole.message, { role: "tool", tool_name: "weather", content: "Sunny" }];
  assert.equal((await client.chat({ ...asked, messages: behind })).done, true);
});

test("models", async () => {
  assert.ok((await client.list()).models.some((model) => model.name === "smol:latest" || model.name === "smol"));
  assert.ok((await client.show({ model: "tools" })).capabilities.includes("tools"));
  assert.ok(!(await client.show({ model: "smol" })).capabilities.includes("tools"));
  assert.ok((await client.ps()).models.length > 0);
  assert.ok((await client.version()).version);
});

test("a stream that is left is cancelled", async () => {
  await assertCancels(async () => {
    const stream = await client.chat({ ...fields, messages: long, options: { num_predict: 800 }, stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream) stream.abort();
    }, { name: "AbortError" });
  });
});

test("errors are the client's own kinds", async () => {
  const kind = (status, words) => (error) => error.name === "ResponseError" && error.status_code === status && words.test(error.message);
  await assert.rejects(client.chat({ ...fields, model: "other" }), kind(404, /other/));
  await assert.rejects(client.chat({ ...fields, options: { temperature: -1 } }), kind(400, /temperature/));
  await assert.rejects(client.chat({ ...fields, tools: [weather] }), kind(400, /tools/));
});
