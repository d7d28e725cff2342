import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { assertCancels, assertPlace, long, place, question, url } from "./asked.js";

const client = new OpenAI({ baseURL: url + "/v1", apiKey: "none", maxRetries: 0 });
const fields = { model: "smol", messages: question, max_tokens: 24, temperature: 0 };
const weather = { type: "function", function: { name: "weather", description: "Weather of a city", parameters: place } };

test("a chat, in whole and streamed", async () => {
  const whole = await client.chat.completions.create(fields);
  assert.match(whole.choices[0].message.content, /Paris/);
  let text = "";
  let usage;
  for await (const chunk of await client.chat.completions.create({ ...fields, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
  const helper = client.chat.completions.stream(fields);
  assert.equal(await helper.finalContent(), text);
});

test("a form from zod", async () => {
  const form = z.object({ city: z.string().max(20) });
  const chat = await client.chat.completions.parse({ ...fields, max_tokens: 60, response_format: zodResponseFormat(form, "place") });
  assertPlace(chat.choices[0].message.parsed);
  const answer = await client.responses.parse({ model: "smol", input: question, max_output_tokens: 60, text: { format: zodTextFormat(form, "place") } });
  assertPlace(answer.output_parsed);
});

test("tools: a call, its stream, and what comes behind its answer", async () => {
  const asked = { ...fields, model: "tools", max_tokens: 100, tools: [weather], tool_choice: "required", parallel_tool_calls: false };
  const { message, finish_reason } = (await client.chat.completions.create(asked)).choices[0];
  assert.equal(finish_reason, "tool_calls");
  assert.equal(message.tool_calls.length, 1);
  assertPlace(JSON.parse(message.tool_calls[0].function.arguments));
  const streamed = await client.chat.completions.stream(asked).finalMessage();
  assert.deepEqual(streamed.tool_calls[0].function.arguments, message.tool_calls[0].function.arguments);
  const named = await client.chat.completions.create({ ...asked, tool_choice: { type: "function", function: { name: "weather" } } });
  assert.equal(named.choices[0].message.tool_calls[0].function.name, "weather");
  const other = { type: "function", function: { name: "other", parameters: place } };
  const allowed = { type: "allowed_tools", allowed_tools: { mode: "required", tools: [weather] } };
  const kept = await client.chat.completions.create({ ...asked, tools: [other, weather], tool_choice: allowed });
  assert.equal(kept.choices[0].message.tool_calls[0].function.name, "weather");
  const behind = [...question, message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "Sunny" }];
  assert.ok((await client.chat.completions.create({ ...asked, tool_choice: "none", messages: behind })).choices[0].message.content);
});

test("the runner of tools calls the function", async () => {
  let called;
  const runner = client.chat.completions.runTools({
    model: "tools", messages: question, max_tokens: 100, parallel_tool_calls: false, tool_choice: { type: "function", function: { name: "weather" } },
    tools: [{ type: "function", function: { ...weather.function, parse: JSON.parse, function: (value) => { called = value; return "Sunny"; } } }],
  });
  await runner.done();
  assertPlace(called);
});

test("responses, in whole, streamed and with a tool", async () => {
  const asked = { model: "smol", input: question, max_output_tokens: 24, temperature: 0 };
  const whole = await client.responses.create(asked);
  assert.match(whole.output_text, /Paris/);
  assert.equal((await client.responses.stream(asked).finalResponse()).output_text, whole.output_text);
  const called = { model: "tools", input: question, max_output_tokens: 100, tool_choice: "required", parallel_tool_calls: false,
                   tools: [{ type: "function", name: "weather", parameters: place, strict: true }] };
  const call = (await client.responses.create(called)).output.find((item) => item.type === "function_call");
  assertPlace(JSON.parse(call.arguments));
  const streamed = await client.responses.stream(called).finalResponse();
  assert.equal(streamed.output.find((item) => item.type === "function_call").arguments, call.arguments);
});

test("completions and models", async () => {
  const answer = await client.completions.create({ model: "smol", prompt: "One, two, three,", max_tokens: 4 });
  assert.equal(answer.usage.completion_tokens, 4);
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes("smol") && names.includes("tools"));
});

test("a stream that is left is cancelled", async () => {
  await assertCancels(async () => {
    for await (const _ of await client.chat.completions.create({ ...fields, messages: long, max_tokens: 800, stream: true, ignore_eos: true })) break;
  });
  await assertCancels(async () => {
    const stream = await client.chat.completions.create({ ...fields, messages: long, max_tokens: 800, stream: true, ignore_eos: true });
    for await (const _ of stream) stream.controller.abort();
  });
});

test("errors are the client's own kinds", async () => {
  await assert.rejects(client.chat.completions.create({ ...fields, model: "other" }), (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
  await assert.rejects(client.chat.completions.create({ ...fields, temperature: -1 }), (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature");
  await assert.rejects(client.chat.completions.create({ ...fields, tools: [weather] }), (error) => error instanceof OpenAI.BadRequestError && error.param === "tools");
});
