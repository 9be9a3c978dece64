import { expect, test } from "vitest";
import { createClient, TradewindProblem } from "#gateway/client/client.ts";
import type { Surroundings } from "#gateway/client/surroundings.ts";
import { answer, breakOff, hangUp, refusal, startScriptedServer } from "./scripted-server.ts";

const found = { request_id: "R1", detections: [{ name: "one", class: 1, score: 0.9 }] };
const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe0]);

/** Time that passes when somebody waits, and chance that is always the same. */
function still() {
  const slept: number[] = [];
  let now = 0;
  const surroundings: Surroundings = {
    elapsed: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
    chance: () => 0.5,
    name: () => "name-1",
  };
  return { slept, surroundings };
}

test("a refusal is thrown with its code, and is not tried again where that is no use", async () => {
  await using server = await startScriptedServer(
    refusal(422, "parameter_invalid", { retryable: false, headers: { "x-request-id": "R9" } }),
  );
  const asked = createClient({ url: server.url }).detect("digits-s", jpeg);
  await expect(asked).rejects.toBeInstanceOf(TradewindProblem);
  await expect(asked).rejects.toMatchObject({
    name: "TradewindProblem",
    code: "parameter_invalid",
    status: 422,
    detail: "told of parameter_invalid",
    retryable: false,
    retryAfterMs: undefined,
    requestId: "R9",
  });
  expect(server.heard).toHaveLength(1);
});

test("what may succeed later is sent again, with the same key that makes it one request", async () => {
  const { slept, surroundings } = still();
  await using server = await startScriptedServer(
    refusal(429, "rate_limited", { retryable: true, headers: { "retry-after": "7" } }),
    refusal(502, "backend_failed", { retryable: true }),
    answer(200, found),
  );
  const answered = await createClient({ url: server.url }, surroundings).detect("digits-s", jpeg);
  expect(answered.detections).toEqual(found.detections);
  expect(server.heard.map(({ headers }) => headers["idempotency-key"])).toEqual([
    "name-1",
    "name-1",
    "name-1",
  ]);
  expect(server.heard.map(({ body }) => body)).toEqual([jpeg, jpeg, jpeg].map((each) => Buffer.from(each)));
  // Not before the seven seconds are over, and then twice the first wait, both with their jitter.
  expect(slept).toEqual([7_100, 300]);
});

test("a moment in Retry-After is held against the answer's own moment", async () => {
  const { slept, surroundings } = still();
  const headers = { date: "Sat, 21 Nov 2026 10:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 10:00:03 GMT" };
  await using server = await startScriptedServer(
    refusal(503, "overloaded", { retryable: true, headers }),
    answer(200, found),
  );
  await createClient({ url: server.url }, surroundings).detect("digits-s", jpeg);
  expect(slept).toEqual([3_100]);
});

test.each([
  ["hangs up", hangUp],
  ["breaks off within an answer", breakOff],
])("a connection that %s is tried again", async (_, step) => {
  const { slept, surroundings } = still();
  await using server = await startScriptedServer(step, answer(200, found));
  await createClient({ url: server.url }, surroundings).detect("digits-s", jpeg);
  expect(server.heard).toHaveLength(2);
  expect(slept).toEqual([150]);
});

test("retries end, with the last refusal, and none are made where none are wished", async () => {
  const { surroundings } = still();
  await using server = await startScriptedServer(refusal(503, "overloaded", { retryable: true }));
  await expect(createClient({ url: server.url }, surroundings).models()).rejects.toMatchObject({
    code: "overloaded",
    retryable: true,
  });
  expect(server.heard).toHaveLength(3);
  const once = createClient({ url: server.url, retries: 0 }, surroundings);
  await expect(once.models()).rejects.toMatchObject({ code: "overloaded" });
  expect(server.heard).toHaveLength(4);
});

test("a call that is never tried again has no idempotency key but its caller's own", async () => {
  await using server = await startScriptedServer(answer(200, found));
  const client = createClient({ url: server.url, retries: 0 });
  await client.detect("m", jpeg);
  await client.detect("m", jpeg, { idempotencyKey: "mine" });
  expect(server.heard.map(({ headers }) => headers["idempotency-key"])).toEqual([undefined, "mine"]);
});

test("a wait that is longer than the time a caller has is not begun", async () => {
  const { slept, surroundings } = still();
  await using server = await startScriptedServer(
    refusal(429, "rate_limited", { retryable: true, headers: { "retry-after": "30" } }),
  );
  const client = createClient({ url: server.url, timeoutMs: 10_000 }, surroundings);
  await expect(client.models()).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 30_000 });
  expect(slept).toEqual([]);
});

test("a caller's signal ends a call that is under way and one that waits, with the caller's own reason", async () => {
  await using silent = await startScriptedServer(() => {});
  const reason = new Error("never mind");
  const under = new AbortController();
  const asked = createClient({ url: silent.url }).detect("digits-s", jpeg, { signal: under.signal });
  under.abort(reason);
  await expect(asked).rejects.toBe(reason);
  await using full = await startScriptedServer(
    refusal(503, "overloaded", { retryable: true, headers: { "retry-after": "20" } }),
  );
  const waiting = new AbortController();
  const waits = createClient({ url: full.url }).models({ signal: waiting.signal });
  await expect.poll(() => full.heard.length).toBe(1);
  waiting.abort(reason);
  await expect(waits).rejects.toBe(reason);
  await expect(createClient({ url: full.url }).models({ signal: waiting.signal })).rejects.toBe(reason);
  expect(full.heard).toHaveLength(1);
});

test("a call that takes too long ends by itself", async () => {
  await using silent = await startScriptedServer(() => {});
  const asked = createClient({ url: silent.url }).models({ timeoutMs: 30 });
  await expect(asked).rejects.toMatchObject({ name: "TimeoutError", message: "no answer within 30 ms" });
});

test.each([
  [502, "<html>Bad gateway</html>", true],
  [403, "<html>Forbidden</html>", false],
  [200, "<html>Welcome</html>", false],
  [500, '{"code":5}', false],
])(
  "an answer %i of somebody between is unknown, and tried again only if it says so",
  async (status, text, again) => {
    const { surroundings } = still();
    await using server = await startScriptedServer(answer(status, text));
    await expect(createClient({ url: server.url }, surroundings).models()).rejects.toMatchObject({
      code: "unknown",
      status,
      retryable: again,
    });
    expect(server.heard).toHaveLength(again ? 3 : 1);
  },
);

test("a server that is not there is told of by fetch, after the retries", async () => {
  const { slept, surroundings } = still();
  const server = await startScriptedServer();
  await server[Symbol.asyncDispose]();
  await expect(createClient({ url: server.url }, surroundings).models()).rejects.toBeInstanceOf(TypeError);
  expect(slept).toHaveLength(2);
});
