import { Hono } from "hono";
import { expect, test } from "vitest";
import { answerError } from "#inference/protocol/answer-error.ts";
import { type InferenceFailedEvent, inferenceFailed } from "#inference/telemetry/inference-failed.ts";
import { logFailures } from "#inference/telemetry/log-failures.ts";
import { logTrace } from "#inference/telemetry/log-trace.ts";
import { reportFailures } from "#inference/telemetry/report-failures.ts";
import { continueTrace } from "#inference/trace.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

type Line = Readonly<Record<string, unknown>>;

const listen = (level = "info") => {
  const lines: Line[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Line);
  return { lines, log: createLog({ name: "backend", level, destination: { write } }) };
};

const failures: Readonly<Record<string, unknown>> = {
  ours: new TradewindError("internal", "something went wrong on our side", {
    cause: new TypeError("x of undefined"),
  }),
  full: new TradewindError("backend_full", "64 runs of this model are waiting already"),
  theirs: new TradewindError("image_undecodable", "that is no image"),
  foreign: new RangeError("secret of a library"),
};

const open = () => {
  const clock = createFakeClock();
  const { lines, log } = listen();
  const app = new Hono();
  app.use(continueTrace(systemChance), reportFailures(clock));
  app.post("/v2/models/:model/versions/:version/infer", (c) => {
    clock.advance(12);
    const failure = failures[c.req.query("fail") ?? ""];
    if (failure) throw failure;
    return c.text("fine");
  });
  app.onError(answerError);
  const send = (fail = "", headers: Record<string, string> = {}) =>
    app.request(`/v2/models/digits/versions/3/infer?fail=${fail}`, { method: "POST", headers });
  return { clock, lines, send, logging: logFailures(log, clock) };
};

test("a failure of ours is one line with its trace, its request and its cause", async () => {
  const { lines, send, logging } = open();
  using _ = logging;
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const answer = await send("ours", { traceparent });
  const span = answer.headers.get("traceparent")?.slice(36, 52);
  expect(lines).toEqual([
    expect.objectContaining({
      level: "error",
      name: "backend",
      msg: "request failed",
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      span_id: span,
      route: "POST /v2/models/:model/versions/:version/infer",
      model: "digits",
      version: "3",
      ms: 12,
      status: 500,
      code: "internal",
    }),
  ]);
  expect(JSON.stringify(lines)).toContain("x of undefined");
  expect(await answer.text()).not.toContain("x of undefined");
});

test("what computes for us and fails is a warning, and what nobody foresaw an error", async () => {
  const { lines, send, logging } = open();
  using _ = logging;
  await send("full");
  await send("foreign");
  expect(lines.map(({ level, code }) => [level, code])).toEqual([
    ["warn", "backend_full"],
    ["error", "internal"],
  ]);
  expect(JSON.stringify(lines)).toContain("secret of a library");
});

test("requests that succeed, and those whose callers erred, leave no line", async () => {
  const { lines, send, logging } = open();
  using _ = logging;
  expect([(await send()).status, (await send("theirs")).status]).toEqual([200, 422]);
  expect(lines).toEqual([]);
});

test("a server that is full says so a few times in ten seconds and then how often it was", async () => {
  const { clock, lines, send, logging } = open();
  using _ = logging;
  for (let request = 0; request < 100; request += 1) await send("full");
  expect(lines).toHaveLength(5);
  clock.advance(10_000);
  await send("full");
  expect(lines.at(-1)).toMatchObject({ code: "backend_full", kept_back: 95 });
});

test("failures that differ in a number only are of one kind", () => {
  const clock = createFakeClock();
  const { lines, log } = listen();
  using _ = logFailures(log, clock);
  const event: Omit<InferenceFailedEvent, "error"> = {
    traceId: undefined,
    spanId: undefined,
    route: "POST /",
    model: "digits",
    version: "1",
    ms: 1,
  };
  for (let count = 0; count < 20; count += 1) {
    const cause = new Error(`at address ${count * 7919}`);
    inferenceFailed.publish({
      ...event,
      error: new TradewindError("backend_failed", `run ${count}`, { cause }),
    });
  }
  inferenceFailed.publish({ ...event, error: new TradewindError("backend_failed", "another way") });
  expect(lines).toHaveLength(6);
});

test("what a side concern skipped is told, and nothing after the log is closed", () => {
  const { lines, log } = listen();
  const logging = logFailures(log, createFakeClock());
  sideConcernSkipped.publish({ what: "recycling workers", error: new Error("no memory") });
  logging[Symbol.dispose]();
  sideConcernSkipped.publish({ what: "recycling workers", error: new Error("no memory") });
  expect(lines.map(({ msg }) => msg)).toEqual(["skipped recycling workers"]);
});

test("a traced request is a line with its parts", () => {
  const { lines, log } = listen();
  const cost = { items: 1, queueMs: 1, inputMs: 2, inferMs: 3, outputMs: 4, batch: 8 };
  logTrace(log, { model: "digits", version: "1", trace: undefined, cost, totalMs: 11 });
  expect(lines).toEqual([
    expect.objectContaining({ msg: "request traced", batch: 8, infer_ms: 3, total_ms: 11 }),
  ]);
});
