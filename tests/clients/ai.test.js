// Vercel's AI SDK over its four ways here: OpenAI's chat and responses, "OpenAI compatible", and Anthropic's messages.
import assert from "node:assert/strict";
import test from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, Output, streamText, tool } from "ai";
import { z } from "zod";
import { assertCancels, assertPlace, long, question, url } from "./asked.js";

const openai = createOpenAI({ baseURL: url + "/v1", apiKey: "none" });
const compatible = createOpenAICompatible({ name: "ovenbird", baseURL: url + "/v1", supportsStructuredOutputs: true, includeUsage: true });
const anthropic = createAnthropic({ baseURL: url + "/v1", apiKey: "none" });
const ways = { "openai chat": openai.chat, "openai responses": openai.responses, compatible, anthropic };
// SmolLM2 does not stop calling by itself, and a call is not done where its answer was cut short.
const providerOptions = { openai: { parallelToolCalls: false, store: false }, ovenbird: { parallel_tool_calls: false }, anthropic: { disableParallelToolUse: true } };
const inputSchema = z.object({ city: z.string().max(20) });
const weather = tool({ description: "Weather of a city", inputSchema, execute: () => "Sunny" });

for (const [name, way] of Object.entries(ways)) {
  const fields = { model: way("smol"), messages: question, maxOutputTokens: 24, temperature: 0, maxRetries: 0 };

  test(`${name}: a chat, in whole and streamed`, async () => {
    const whole = await generateText(fields);
    assert.match(whole.text, /Paris/);
    const stream = streamText(fields);
    assert.equal(await stream.text, whole.text);
    assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);
    assert.equal(await stream.finishReason, whole.finishReason);
  });

  test(`${name}: a form`, async () => {
    // A model that it does not know by name is given Anthropic's forms as a tool.
    const model = way(name === "anthropic" ? "tools" : "smol");
    const whole = await generateText({ ...fields, model, maxOutputTokens: 100, output: Output.object({ schema: inputSchema }) });
    assertPlace(whole.output);
  });

  test(`${name}: tools, in whole and streamed`, async () => {
    const asked = { ...fields, model: way("tools"), maxOutputTokens: 160, tools: { weather }, toolChoice: "required", providerOptions };
    const whole = await generateText(asked);
    assertPlace(whole.toolCalls[0].input);
    assert.equal(whole.toolResults[0].output, "Sunny");
    const stream = streamText(asked);
    assert.deepEqual((await stream.toolCalls)[0].input, whole.toolCalls[0].input);
    const behind = await generateText({ ...asked, toolChoice: "none", messages: [...question, ...whole.response.messages] });
    assert.ok(behind.text);
  });

  test(`${name}: a stream that is left is cancelled`, async () => {
    await assertCancels(async () => {
      const leaving = new AbortController();
      const stream = streamText({ ...fields, messages: long, maxOutputTokens: 800, abortSignal: leaving.signal, onError() {} });
      for await (const part of stream.fullStream) if (part.type === "text-delta") leaving.abort();
    });
  });

  test(`${name}: errors are the client's own kinds`, async () => {
    const kind = (status, words) => (error) => APICallError.isInstance(error) && error.statusCode === status && words.test(error.message);
    await assert.rejects(generateText({ ...fields, model: way("other") }), kind(404, /other/));
    // For Anthropic it puts the temperature right by itself.
    const [bad, words] = name === "anthropic" ? [{ topK: -5 }, /top_k/] : [{ temperature: -1 }, /temperature/];
    await assert.rejects(generateText({ ...fields, ...bad }), kind(400, words));
    await assert.rejects(generateText({ ...fields, tools: { weather } }), kind(400, /tools/));
  });
}

test("openai responses: a second turn takes store: false", async () => {
  const model = openai.responses("smol");
  const first = await generateText({ model, messages: question, maxOutputTokens: 24, temperature: 0 });
  const messages = [...question, ...first.response.messages, { role: "user", content: "And of Spain?" }];
  const asked = { model, messages, maxOutputTokens: 24, maxRetries: 0 };
  await assert.rejects(generateText(asked), (error) => error.statusCode === 400 && /store: false/.test(error.message));
  assert.ok((await generateText({ ...asked, providerOptions: { openai: { store: false } } })).text);
});
