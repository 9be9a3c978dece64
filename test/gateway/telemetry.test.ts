import { expect, test } from "vitest";
import { logRequests, measureRequests } from "#gateway/telemetry.ts";
import { requestFinished, sideConcernSkipped, softStateTurned } from "#infra/runtime/channels.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const event = {
  requestId: "r",
  route: "GET /readyz",
  model: undefined,
  keyId: undefined,
  backend: undefined,
  status: 503,
  code: undefined,
  ms: 1,
  error: undefined,
};

test("a side concern that goes on failing is told once a minute, each by its name", () => {
  const clock = createFakeClock();
  const lines: string[] = [];
  using _ = logRequests(
    createLog({ name: "x", destination: { write: (line) => void lines.push(line) } }),
    clock,
  );
  const skip = (what: string) => sideConcernSkipped.publish({ what, error: new Error("away") });
  for (const what of ["refreshing the keys", "refreshing the keys", "asking b"]) skip(what);
  clock.advance(60_000);
  skip("refreshing the keys");
  const said = lines.map((line) => JSON.parse(line).msg);
  expect(said).toEqual(["skipped refreshing the keys", "skipped asking b", "skipped refreshing the keys"]);
});

test("a probe that is told the truth is no failed request", () => {
  const lines: string[] = [];
  using _ = logRequests(
    createLog({ name: "x", destination: { write: (line) => void lines.push(line) } }),
    createFakeClock(),
  );
  requestFinished.publish(event);
  requestFinished.publish({ ...event, requestId: "s", error: new Error("boom") });
  expect(lines.map((line) => JSON.parse(line).requestId)).toEqual(["s"]);
});

test("what was skipped is counted by concerns that are few, and told in detail in the log alone", async () => {
  const metrics = createMetrics({ processMetrics: false });
  const lines: string[] = [];
  using _measured = measureRequests(metrics);
  using _logged = logRequests(
    createLog({ name: "x", destination: { write: (line) => void lines.push(line) } }),
    createFakeClock(),
  );
  const detailed = { what: "describing a model", detail: "digits-s at ours-1", error: new Error("away") };
  sideConcernSkipped.publish(detailed);
  sideConcernSkipped.publish({ what: "refreshing the keys", error: new Error("away") });
  for (const what of ["describing m at b1", "describing m at b2"]) {
    sideConcernSkipped.publish({ what, error: new Error("away") });
  }
  const counted = (await metrics.metrics()).split("\n").filter((line) => /^tradewind_side.*\{/.test(line));
  expect(counted.sort()).toEqual([
    'tradewind_side_concerns_skipped_total{what="describing a model"} 1',
    'tradewind_side_concerns_skipped_total{what="other"} 2',
    'tradewind_side_concerns_skipped_total{what="refreshing the keys"} 1',
  ]);
  expect(JSON.parse(lines[0] ?? "").detail).toBe("digits-s at ours-1");
});

test("a soft state that stops answering is told once in the log and kept in a metric until it answers", async () => {
  const lines: string[] = [];
  const metrics = createMetrics({ processMetrics: false });
  using _measuring = measureRequests(metrics);
  const destination = { write: (line: string) => void lines.push(line) };
  using _logging = logRequests(createLog({ name: "test", destination }), createFakeClock());
  softStateTurned.publish({ mode: "open" });
  softStateTurned.publish({ mode: "half-open" });
  softStateTurned.publish({ mode: "open" });
  expect(await metrics.metrics()).toContain("tradewind_soft_state_open 1");
  softStateTurned.publish({ mode: "closed" });
  expect(await metrics.metrics()).toContain("tradewind_soft_state_open 0");
  expect(lines.map((line) => (JSON.parse(line) as { level: string; mode: string }).mode)).toEqual([
    "open",
    "closed",
  ]);
});
