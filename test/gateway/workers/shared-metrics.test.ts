import { expect, test } from "vitest";
import type { FromWorker } from "#gateway/workers/messages.ts";
import { createSharedMetrics } from "#gateway/workers/shared-metrics.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function sharing() {
  const sent: FromWorker[] = [];
  const clock = createFakeClock();
  const metrics = createSharedMetrics({ worker: 3, send: (message) => void sent.push(message), clock });
  return { sent, clock, metrics };
}

test("a worker that is asked for its metrics answers with the sum, asked for once at a time", async () => {
  const { sent, metrics } = sharing();
  const both = [metrics.registry.metrics(), metrics.registry.metrics()];
  expect(sent).toEqual([{ wanted: "sum" }]);
  metrics.take("the sum");
  expect(await Promise.all(both)).toEqual(["the sum", "the sum"]);
  const later = metrics.registry.metrics();
  expect(sent).toHaveLength(2);
  metrics.take("a later sum");
  expect(await later).toBe("a later sum");
});

test("a worker that never hears the sum says so rather than tell a part of it", async () => {
  const { clock, metrics } = sharing();
  const both = [metrics.registry.metrics(), metrics.registry.metrics()];
  clock.advance(3_000);
  for (const answer of both) await expect(answer).rejects.toMatchObject({ code: "overloaded" });
  // What comes too late is nobody's.
  metrics.take("late");
});

test("a worker's own part names it wherever it speaks of the process", async () => {
  const list = await sharing().metrics.list();
  const memory = list.find(({ name }) => name === "process_resident_memory_bytes");
  expect(memory?.values.map(({ labels }) => labels)).toEqual([{ worker: "3" }]);
});
