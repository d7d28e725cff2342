// What every client asks: of `smol`, whose chat template knows no tools, and of `tools`, the same weights with one that does.
import assert from "node:assert/strict";

export const url = process.env.OVENBIRD_URL;
assert.ok(url, "OVENBIRD_URL: the server's address");

export const question = [{ role: "user", content: "What is the capital of France?" }];
export const long = [{ role: "user", content: "Write a long story about a heron." }];

export const place = {
  type: "object",
  properties: { city: { type: "string", maxLength: 20 } },
  required: ["city"],
  additionalProperties: false,
};

export function assertPlace(value) {
  assert.deepEqual(Object.keys(value), ["city"]);
  assert.equal(typeof value.city, "string");
}

async function cancelled() {
  const text = await (await fetch(url + "/metrics")).text();
  return [...text.matchAll(/finished_reason="cancelled"\} (\d+)/g)].reduce((sum, found) => sum + Number(found[1]), 0);
}

/** Runs `leave`, which goes away in mid-stream; the server must notice. */
export async function assertCancels(leave) {
  const before = await cancelled();
  await leave();
  for (let wait = 0; wait < 100; wait++) {
    if ((await cancelled()) > before) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail("the server did not notice that the client went");
}
