import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { countWorkers } from "#gateway/workers/count-workers.ts";
import { shareOfMachine } from "#gateway/workers/share-of-machine.ts";

const config = parseConfig(
  `models: { m: { source: x } }
providers: { p: { kind: static, urls: ["http://127.0.0.1:1"] } }
routes: [{ models: [m], failover: [[p]] }]
cacheMemory: 64MiB
limits: { body: 20MiB, bodiesInHand: 100MiB, inFlight: 10 }
`,
  { file: "a.yaml" },
);

test("all workers together take what one process may take", () => {
  const share = shareOfMachine(config, 4);
  expect(share.cacheMemory).toBe(16 * 1_048_576);
  expect(share.limits).toEqual({ ...config.limits, inFlight: 3, bodiesInHand: 25 * 1_048_576 });
  expect(shareOfMachine(config, 1)).toEqual(config);
});

test("the largest body has room in each worker, however many there are", () => {
  expect(shareOfMachine(config, 100).limits).toMatchObject({ inFlight: 1, bodiesInHand: 20 * 1_048_576 });
});

test("workers are counted by the configuration, or by the cores that there are", () => {
  expect(countWorkers(config)).toBe(1);
  expect(countWorkers({ workers: 7 })).toBe(7);
  expect(countWorkers({ workers: "auto" })).toBe(availableParallelism());
});
