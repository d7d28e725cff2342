import assert from "node:assert/strict";
import test from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { assertCancels, assertPlace, long, place, question, url } from "./asked.js";

const client = new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });
const fields = { model: "smol", messages: question, max_tokens: 24, temperature: 0 };
const weather = { name: "weather", description: "Weather of a city", input_schema: place };

test("a message, in whole and streamed", async () => {
  const whole = await client.messages.create(fields);
  assert.match(whole.content[0].text, /Paris/);
  assert.equal(await client.messages.stream(fields).finalText(), whole.content[0].text);
  const kinds = [];
  for await (const event of await client.messages.create({ ...fields, stream: true })) kinds.push(event.type);
  assert.equal(kinds[0], "message_start");
  assert.equal(kinds.at(-1), "message_stop");
  const counted = await client.messages.countTokens({ model: "smol", messages: question });
  assert.equal(counted.input_tokens, whole.usage.input_tokens + (whole.usage.cache_read_input_tokens ?? 0));
});

test("a form", async () => {
  const answer = await client.messages.parse({ ...fields, max_tokens: 60, output_config: { format: { type: "json_schema", schema: place, parse: JSON.parse } } });
  assertPlace(answer.parsed_output);
});

test("tools: a call, its stream, and what comes behind its answer", async () => {
  for (const type of ["any", "tool"]) {
    const asked = { ...fields, model: "tools", max_tokens: 100, tools: [weather],
                    tool_choice: { type, disable_parallel_tool_use: true, ...(type === "tool" ? { name: "weather" } : {}) } };
    const whole = await client.messages.create(asked);
    assert.equal(whole.stop_reason, "tool_use");
    const call = whole.content.find((block) => block.type === "tool_use");
    assertPlace(call.input);
    const streamed = await client.messages.stream(asked).finalMessage();
    assert.deepEqual(streamed.content.find((block) => block.type === "tool_use").input, call.input);
    const behind = [...question, { role: "assistant", content: whole.content },
                    { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: [{ type: "text", text: "Sunny" }] }] }];
    assert.ok((await client.messages.create({ ...asked, tool_choice: { type: "none" }, messages: behind })).content[0].text);
  }
});

test("the runner of tools calls the function", async () => {
  let called;
  const runner = client.beta.messages.toolRunner({
    model: "tools", messages: question, max_tokens: 100, tool_choice: { type: "any", disable_parallel_tool_use: true }, max_iterations: 1,
    tools: [{ ...weather, type: "custom", parse: (value) => value, run: (value) => { called = value; return "Sunny"; } }],
  });
  await runner.runUntilDone();
  assertPlace(called);
});

test("models", async () => {
  const names = [];
  for await (const model of client.models.list()) {
    names.push(model.id);
    assert.equal(model.type, "model");
    assert.equal(model.display_name, model.id);
    assert.ok(Date.parse(model.created_at) > 0);
  }
  assert.ok(names.includes("smol"));
  assert.equal((await client.models.retrieve("smol")).display_name, "smol");
});

test("a stream that is left is cancelled", async () => {
  await assertCancels(async () => {
    const stream = client.messages.stream({ ...fields, messages: long, max_tokens: 800 });
    for await (const event of stream) if (event.type === "content_block_delta") break;
  });
});

test("errors are the client's own kinds", async () => {
  await assert.rejects(client.messages.create({ ...fields, model: "other" }), (error) => error instanceof Anthropic.NotFoundError && error.type === "not_found_error");
  await assert.rejects(client.messages.create({ ...fields, temperature: -1 }), (error) => error instanceof Anthropic.BadRequestError && /temperature/.test(error.message));
  await assert.rejects(client.messages.create({ ...fields, tools: [weather] }), (error) => error instanceof Anthropic.BadRequestError && /tools/.test(error.message));
  await assert.rejects(client.messages.batches.list(), (error) => error instanceof Anthropic.NotFoundError && error.type === "not_found_error");
});
