import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { openRemoteEngine } from "#inference/engine/remote.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { startFakeTensorServer } from "#test/support/fake-tensor-server.ts";
import { freePort } from "#test/support/free-port.ts";
import { batching, failure, images, openColours, output0, scores, soon } from "./remote/open-colours.ts";

const { signal } = new AbortController();

test("a run on a tensor server elsewhere comes back with its outputs and its memory", async () => {
  await using setup = await openColours();
  const inputs = images([0.25, 0.5, 0.75]);
  const answer = await setup.engine.run(inputs, { signal });
  expect(answer.outputs.output0?.shape).toEqual([1, 7, 4]);
  expect(scores(answer.outputs)).toEqual([[0.25, 0.5, 0.75]]);
  expect(answer).toMatchObject({ batch: 1, queueMs: expect.any(Number), inferenceMs: expect.any(Number) });
  expect(answer.spent).toEqual(inputs);
  expect(setup.engine).toMatchObject({ ready: true, waiting: 0, executionProvider: "remote" });
});

test("asks a server of versions for the version it was opened with, and others for none", async () => {
  await using versioned = await openColours();
  await versioned.engine.run(images([1, 0, 0]), { signal });
  expect(versioned.upstream.paths).toContain("POST /v2/models/colours/versions/2/infer");
  await using plain = await openColours({ version: undefined }, { habit: "kserve" });
  const { outputs } = await plain.engine.run(images([1, 0, 0]), { signal });
  expect(scores(outputs)).toEqual([[1, 0, 0]]);
  expect(plain.upstream.paths).toEqual(["GET /v2/models/colours/ready", "POST /v2/models/colours/infer"]);
});

test("a server below a path of its host is asked there", async () => {
  await using upstream = await startFakeTensorServer();
  const options = { url: `${upstream.url}/base/`, model: "a b/c", version: undefined, outputs: [output0] };
  const opening = openRemoteEngine({ ...options, workers: 1, clock: systemClock });
  await expect(opening).rejects.toMatchObject({ code: "model_not_ready" });
  expect(upstream.paths).toEqual(["GET /base/v2/models/a%20b%2Fc/ready"]);
});

test("every request carries an id of its own, which some servers insist on", async () => {
  await using setup = await openColours();
  await setup.engine.run(images([1, 0, 0]), { signal });
  await setup.engine.run(images([1, 0, 0]), { signal });
  const ids = setup.upstream.inferred.map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  expect(ids.every((id) => typeof id === "string" && id !== "")).toBe(true);
});

test("runs that wait become one request, and each gets its own rows back", async () => {
  await using setup = await openColours({ batching }, { fault: "held" });
  const first = setup.engine.run(images([1, 0, 0]), { signal });
  const rest = [
    setup.engine.run(images([0.25, 0, 0]), { signal }),
    setup.engine.run(images([0, 0.5, 0], [0, 0, 0.75]), { signal }),
  ];
  await soon(() => expect(setup.upstream.inferred).toHaveLength(1));
  setup.upstream.fault = undefined;
  setup.upstream.letGo();
  expect(await first).toMatchObject({ batch: 1 });
  const [one, two] = await Promise.all(rest);
  expect(setup.upstream.inferred.map(({ rows }) => rows)).toEqual([1, 3]);
  expect(one).toMatchObject({ batch: 3 });
  expect(scores(one?.outputs ?? {})).toEqual([[0.25, 0, 0]]);
  expect(scores(two?.outputs ?? {})).toEqual([
    [0, 0.5, 0],
    [0, 0, 0.75],
  ]);
});

test("a run waits for company on the upstream's behalf, and leaves when the delay is over", async () => {
  const clock = createFakeClock();
  await using setup = await openColours({ clock, batching: { ...batching, maxQueueDelayMs: 5 } });
  const runs = [1, 2].map(() => setup.engine.run(images([1, 0, 0]), { signal }));
  expect(setup.engine.waiting).toBe(2);
  clock.advance(5);
  for (const run of runs) expect(await run).toMatchObject({ batch: 2, queueMs: 5 });
});

test("no more requests are under way than allowed", async () => {
  await using setup = await openColours({ workers: 2 }, { fault: "held" });
  const runs = [1, 2, 3].map(() => setup.engine.run(images([1, 0, 0]), { signal }));
  await soon(() => expect(setup.upstream.inferred).toHaveLength(2));
  expect(setup.engine.waiting).toBe(1);
  setup.upstream.fault = undefined;
  setup.upstream.letGo();
  setup.upstream.letGo();
  await Promise.all(runs);
  expect(setup.upstream.inferred).toHaveLength(3);
});

test("a caller who leaves takes the request under way along", async () => {
  await using setup = await openColours({}, { fault: "silent" });
  const caller = new AbortController();
  const run = failure(setup.engine.run(images([1, 0, 0]), { signal: caller.signal }));
  await soon(() => expect(setup.upstream.inferred).toHaveLength(1));
  caller.abort();
  expect(await run).toMatchObject({ code: "caller_left" });
  await soon(() => expect(setup.upstream.inferred[0]?.aborted).toBe(true));
  setup.upstream.fault = undefined;
  expect(await setup.engine.run(images([1, 0, 0]), { signal })).toMatchObject({ batch: 1 });
});

test("a request that several callers share goes on until the last of them has left", async () => {
  await using setup = await openColours({
    batching: { ...batching, preferredBatchSizes: [2], maxQueueDelayMs: 60_000 },
  });
  const callers = [new AbortController(), new AbortController()];
  setup.upstream.fault = "held";
  const runs = callers.map((caller) => setup.engine.run(images([1, 0, 0]), { signal: caller.signal }));
  await soon(() => expect(setup.upstream.inferred).toHaveLength(1));
  callers[0]?.abort();
  expect(await failure(runs[0] ?? Promise.resolve())).toMatchObject({ code: "caller_left" });
  setup.upstream.letGo();
  expect(await runs[1]).toMatchObject({ batch: 2 });
  expect(setup.upstream.inferred[0]?.aborted).toBe(false);

  setup.upstream.fault = "silent";
  const others = [new AbortController(), new AbortController()];
  const both = others.map((caller) =>
    failure(setup.engine.run(images([1, 0, 0]), { signal: caller.signal })),
  );
  await soon(() => expect(setup.upstream.inferred).toHaveLength(2));
  for (const caller of others) caller.abort();
  for (const run of both) expect(await run).toMatchObject({ code: "caller_left" });
  await soon(() => expect(setup.upstream.inferred[1]?.aborted).toBe(true));
});

test("a run that waits for its turn is never sent when its caller leaves, nor is one whose caller had left", async () => {
  await using setup = await openColours({}, { fault: "held" });
  const first = setup.engine.run(images([1, 0, 0]), { signal });
  const caller = new AbortController();
  const second = failure(setup.engine.run(images([1, 0, 0]), { signal: caller.signal }));
  caller.abort();
  expect(await second).toMatchObject({ code: "caller_left" });
  const gone = setup.engine.run(images([1, 0, 0]), { signal: caller.signal });
  expect(await failure(gone)).toMatchObject({ code: "caller_left" });
  await soon(() => expect(setup.upstream.inferred).toHaveLength(1));
  setup.upstream.fault = undefined;
  setup.upstream.letGo();
  await first;
  expect(setup.upstream.inferred).toHaveLength(1);
});

test("an upstream that never answers is given up, and its connection closed", async () => {
  const clock = createFakeClock();
  await using setup = await openColours(
    { clock, runTimeoutMs: 7_000, probeEveryMs: 60_000 },
    { fault: "silent" },
  );
  const run = failure(setup.engine.run(images([1, 0, 0]), { signal }));
  await soon(() => expect(setup.upstream.inferred).toHaveLength(1));
  clock.advance(7_000);
  expect(await run).toMatchObject({
    code: "backend_failed",
    message: "the upstream server did not answer within 7 s",
  });
  await soon(() => expect(setup.upstream.inferred[0]?.aborted).toBe(true));
});

test("does not open on a server that is away, or whose model is not ready, or on what is no address", async () => {
  const open = (url: string) =>
    failure(
      openRemoteEngine({ url, model: "colours", version: "2", outputs: [], workers: 1, clock: systemClock }),
    );
  expect(await open(`http://127.0.0.1:${await freePort()}`)).toMatchObject({ code: "backend_unreachable" });
  await using upstream = await startFakeTensorServer();
  upstream.ready = false;
  expect(await open(upstream.url)).toMatchObject({ code: "model_not_ready" });
  for (const url of ["nonsense", "ftp://host", "http://user:password@host", "http://host/?a=1"]) {
    const error = await open(url);
    expect(error).toMatchObject({ code: "config_invalid" });
    expect(error.message).not.toContain("password");
  }
});

test("closing finishes what is under way and what waits, and refuses what comes later", async () => {
  const clock = createFakeClock();
  const waits = { ...batching, maxQueueDelayMs: 50 };
  const setup = await openColours({ clock, batching: waits });
  const waiting = setup.engine.run(images([1, 0, 0]), { signal });
  const closing = setup.engine.close();
  expect(await failure(setup.engine.run(images([1, 0, 0]), { signal }))).toMatchObject({ code: "draining" });
  expect(setup.engine.ready).toBe(false);
  clock.advance(50);
  expect(await waiting).toMatchObject({ batch: 1 });
  await closing;
  await setup.engine.close();
  const asked = setup.upstream.paths.length;
  clock.advance(60_000);
  expect(setup.upstream.paths).toHaveLength(asked);
  await setup.upstream[Symbol.asyncDispose]();
});

test("a full queue refuses before anything is sent", async () => {
  const defaultQueuePolicy = { ...noBatching.defaultQueuePolicy, maxQueueSize: 1 };
  await using setup = await openColours(
    { batching: { ...noBatching, defaultQueuePolicy } },
    { fault: "held" },
  );
  const runs = [1, 2].map(() => setup.engine.run(images([1, 0, 0]), { signal }));
  expect(await failure(setup.engine.run(images([1, 0, 0]), { signal }))).toMatchObject({
    code: "backend_full",
  });
  await soon(() => expect(setup.upstream.inferred).toHaveLength(1));
  setup.upstream.fault = undefined;
  setup.upstream.letGo();
  await Promise.all(runs);
});
