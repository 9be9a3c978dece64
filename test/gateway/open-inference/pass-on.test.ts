import type { ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import type { Backend } from "#gateway/fleet/snapshot.ts";
import { recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import type { Watch } from "#gateway/open-inference/deps.ts";
import { type DispatchInfer, dispatchInfer } from "#gateway/open-inference/dispatch-infer.ts";
import type { Target } from "#gateway/open-inference/find-target.ts";
import type { Passed } from "#gateway/open-inference/pass-on.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { caller } from "#test/support/callers.ts";
import { type FakeBackend, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { freePort } from "#test/support/free-port.ts";
import { backendAt, openDispatcher, routeOver } from "#test/support/routes.ts";

type Answer = NonNullable<NonNullable<Parameters<typeof startFakeBackend>[0]>["infer"]>;

/** One group for each, so that they are asked in this order. */
function targetOver(backends: readonly Backend[], name = "digits-s"): Target {
  const route = routeOver(
    backends.map((backend) => [backend]),
    { sloMs: 1_000 },
  );
  return { route, name, version: undefined, path: `/v2/models/${name}` };
}

function infer(target: Target, call: DispatchInfer["call"], watch: Watch): Promise<Passed> {
  const deps = { dispatcher: openDispatcher(), clock: systemClock, ledger: { record: recordPursuit } };
  const able = new Set(target.route.backends);
  return dispatchInfer({ requestId: "r", caller: caller(), target, call, able, images: 1, watch }, deps);
}

type Tried = {
  readonly outcome: Passed | TradewindError;
  readonly asked: readonly number[];
  /** What whoever pays for it was told. */
  readonly told: readonly string[];
};

/** What comes of a request that may go to backends that answer so; undefined is one that is gone. */
async function tryAll(answers: readonly (Answer | undefined)[], name = "digits-s"): Promise<Tried> {
  await using stack = new AsyncDisposableStack();
  const fakes: (FakeBackend | undefined)[] = [];
  const backends: Backend[] = [];
  for (const infer of answers) {
    const fake = infer && stack.use(await startFakeBackend({ infer }));
    const url = fake?.url ?? `http://127.0.0.1:${await freePort()}`;
    fakes.push(fake);
    backends.push(backendAt({ url, client: stack.use(createOpenInferenceClient({ url })) }));
  }
  const target = targetOver(backends, name);
  const signal = AbortSignal.timeout(5_000);
  const call = { method: "POST", path: `${target.path}/infer`, headers: {}, signal } as const;
  const told: string[] = [];
  const watch = { sent: () => void told.push("sent"), failed: () => void told.push("failed") };
  const sent = { ...call, body: Buffer.from("{}"), maxBytes: 1_000 };
  const passing = infer(target, sent, watch);
  const outcome = await passing.catch((error: TradewindError) => error);
  return { outcome, asked: fakes.map((fake) => fake?.requests.length ?? 0), told };
}

const good = json(200, { model_name: "digits-s", outputs: [] });

test.each([
  ["is gone", undefined],
  ["is full", json(503, { error: "full" })],
  ["has had too many requests", json(429, { error: "slow down" })],
  ["fails", json(500, { error: "oh" })],
  [
    "wants a key that it does not get",
    json(401, { error: "who are you" }, { "tradewind-error": "key_missing" }),
  ],
  ["lost the model", json(404, { error: "what model" }, { "tradewind-error": "model_unknown" })],
  ["sends somewhere else", json(302, {}, { location: "http://127.0.0.1/" })],
  ["says more than there is room for", json(200, { text: "x".repeat(2_000) })],
])("a request whose first backend %s is answered by the next", async (_, first) => {
  const { outcome, asked } = await tryAll([first, good]);
  expect(outcome).toMatchObject({ status: 200 });
  expect(asked).toEqual([first ? 1 : 0, 1]);
});

test.each([400, 413, 415, 422])(
  "a request refused with %d is tried nowhere else, and why stays inside",
  async (status) => {
    const { outcome, asked } = await tryAll([json(status, { error: "secret stack trace" }), good]);
    expect(outcome).toMatchObject({
      code: "request_rejected",
      message: "the backend did not accept the request",
    });
    expect(asked).toEqual([1, 0]);
  },
);

test("what our backend says of a request is told word for word", async () => {
  const said = json(400, { error: "input 'x' is missing" }, { "tradewind-error": "request_malformed" });
  const { outcome, asked } = await tryAll([said, good]);
  expect(outcome).toMatchObject({ code: "request_malformed", message: "input 'x' is missing" });
  expect(asked).toEqual([1, 0]);
});

test("three tries are enough", async () => {
  const full = json(503, { error: "full" });
  const { outcome, asked } = await tryAll([full, full, full, good]);
  expect(outcome).toMatchObject({ code: "backend_full" });
  expect(asked).toEqual([1, 1, 1, 0]);
});

test("a model without backends has none", async () => {
  expect((await tryAll([])).outcome).toMatchObject({ code: "backend_none" });
});

test("tensors that a backend does not have are unknown, in the words that clients look for", async () => {
  const { outcome } = await tryAll([json(404, { error: "no" })], "digits-s-tensor");
  expect(outcome).toMatchObject({
    code: "model_unknown",
    message: "Request for unknown model: 'digits-s-tensor' is not found",
  });
});

test("whoever has left is not waited for by another backend", async () => {
  const reason = new TradewindError("caller_left", "gone");
  await using backend = await startFakeBackend({ infer: good });
  await using client = createOpenInferenceClient({ url: backend.url });
  const signal = AbortSignal.abort(reason);
  const call = { method: "POST", path: "/v2", headers: {}, signal, maxBytes: 10 } as const;
  const passing = infer(
    targetOver([backendAt({ url: backend.url, client })]),
    { ...call, body: Buffer.alloc(0) },
    { sent: () => {}, failed: () => {} },
  );
  await expect(passing).rejects.toBe(reason);
  expect(backend.requests).toHaveLength(0);
});

test("whoever pays is told of each backend that had the request, and of each that did not do it", async () => {
  expect((await tryAll([good])).told).toEqual(["sent"]);
  expect((await tryAll([undefined, good])).told).toEqual(["failed", "sent"]);
  expect((await tryAll([json(503, {}), good])).told).toEqual(["sent", "failed", "sent"]);
  expect((await tryAll([json(422, {})])).told).toEqual(["sent", "failed"]);
});

test("a request that waited for a connection until its caller left was never sent", async () => {
  const waiting: ServerResponse[] = [];
  await using backend = await startFakeBackend({ infer: (_, response) => void waiting.push(response) });
  await using client = createOpenInferenceClient({ url: backend.url, connections: 1 });
  const target = targetOver([backendAt({ url: backend.url, client })]);
  const left = new AbortController();
  const pass = (told: string[]) => {
    const watch = { sent: () => void told.push("sent"), failed: () => void told.push("failed") };
    const call = { method: "POST", path: "/x", headers: {}, body: Buffer.from("{}"), maxBytes: 10 } as const;
    return infer(target, { ...call, signal: left.signal }, watch).catch((error: unknown) => error);
  };
  const [first, second]: [string[], string[]] = [[], []];
  const passing = [pass(first), pass(second)];
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  const reason = new TradewindError("caller_left", "gone");
  left.abort(reason);
  expect(await Promise.all(passing)).toEqual([reason, reason]);
  expect([first, second]).toEqual([["sent"], []]);
});

test.each([
  ["7", 7_000],
  ["86400", 60_000],
  ["0", 0],
  ["-1", undefined],
  ["soon", undefined],
  ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
] as const)("a backend that asks to wait '%s' is quoted up to a minute", async (said, retryAfterMs) => {
  for (const status of [429, 503, 500]) {
    const { outcome } = await tryAll([json(status, { error: "full" }, { "retry-after": said })]);
    expect((outcome as TradewindError).retryAfterMs).toBe(retryAfterMs);
  }
});
