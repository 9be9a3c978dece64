import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import { showReport } from "#gateway/replay/report/show-report.ts";
import { readRequest } from "#infra/command/replay/read-request.ts";
import { runReplay } from "#infra/command/replay/run-replay.ts";

let folder = "";
let fleet = "";
let log = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "replay-"));
  fleet = await written("fleet.yaml", fleetText);
  log = await written("access.log", accessLog(400));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const fleetText = `
models:
  digits-s: { source: s3://models/digits.onnx }
  digits-n: { source: s3://models/nano.onnx }
providers:
  fast: { kind: static, urls: ["http://a:1", "http://b:1"], usdPerHour: 0.5, prior: { base: 20ms, perInFlight: 5ms } }
  dear: { kind: static, urls: ["http://c:1"], usdPerRequest: 0.0001, prior: { base: 30ms, perInFlight: 5ms } }
routes:
  - { models: [digits-s, digits-n], slo: 300ms, failover: [[fast, dear]], overrides: { digits-n: { slo: 80ms } } }
`;

/** Ten a second, of which every tenth took two seconds and every fiftieth failed. */
function accessLog(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const [msec, took] = [1_700_000_000 + index / 10, index % 10 === 0 ? "2.000" : "0.050"];
    const status = index % 50 === 1 ? 502 : 200;
    return JSON.stringify({
      msec,
      request_method: "POST",
      request_length: 40_000,
      request_time: took,
      status,
    });
  });
  return `${lines.join("\n")}\n`;
}

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function replayed(...more: readonly string[]) {
  return runReplay(readRequest(["--trace", log, "--fleet", fleet, ...more]));
}

test("a log is replayed as it is, against its own route, with every request counted", async () => {
  const report = await replayed();
  expect(report).toMatchObject({
    trace: { file: log, format: "nginx", requests: 400, lines: { wrong: 0 } },
    fleet: { model: "digits-s", backends: ["fast/1", "fast/2", "dear"] },
    ...{ seed: 1, warmUpMs: 0, assumed: [] },
    lowerBound: { kind: "LP relaxation", requests: 400 },
    results: [{ policy: "tradewind", requests: 400 }],
  });
  expect(report.route.sloMs).toBe(300);
});

test("what a log says of itself stands beside what would have been", async () => {
  const { observed } = await replayed();
  expect(observed).toMatchObject({ timed: 400, p50: 50, p99: 2_000, failed: 8 });
  expect(observed?.attainment).toBeCloseTo(1 - (40 + 8) / 400, 10);
});

test("the same seed gives the same document, and another seed another", async () => {
  const [one, same, other] = await Promise.all(
    ["7", "7", "8"].map(async (seed) =>
      JSON.stringify(await replayed("--seed", seed, "--copies", "3", "--policy", "tradewind,random")),
    ),
  );
  expect(same).toBe(one);
  expect(other?.replace('"seed":8', '"seed":7')).not.toBe(one);
});

test("a document names its files by what was in them", async () => {
  const { trace, fleet: of } = await replayed();
  const hashed = async (path: string) =>
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  expect([trace.sha256, of.sha256]).toEqual([await hashed(log), await hashed(fleet)]);
});

test("several policies run on the same requests, and each tells its regret", async () => {
  const { results, lowerBound } = await replayed(
    "--policy",
    "tradewind,prequal-hedged",
    "--policy",
    "random,tradewind",
  );
  expect(results.map(({ policy }) => policy)).toEqual(["tradewind", "prequal-hedged", "random"]);
  for (const { cost, regret } of results) {
    expect(regret.share).toBeCloseTo(cost / lowerBound.cost - 1, 10);
  }
});

test("the word all stands for ours and every baseline, and ablations for ours without its guards", () => {
  const asked = (policy: string) =>
    readRequest(["--trace", "a", "--fleet", "b", "--policy", policy]).policies;
  expect(asked("all")).toEqual(
    expect.arrayContaining(["tradewind", "random", "prequal-hedged", "litellm-cost"]),
  );
  expect(asked("all")).not.toContain("tradewind-no-hedge");
  expect(asked("ablations")).toEqual(expect.arrayContaining(["tradewind", "tradewind-no-hedge"]));
});

test("a log is made busier by copies or by a rate", async () => {
  expect((await replayed("--copies", "4")).trace.requests).toBe(1_600);
  const { trace } = await replayed("--rps", "35");
  expect(trace.rps).toBeCloseTo(35, 6);
  expect(trace.requests).toBe(1_600);
});

test("a part of a log is cut out, and what was observed is of that part", async () => {
  const { trace, observed } = await replayed("--from", "5", "--duration", "10s");
  expect(trace).toMatchObject({ spanMs: 10_000 });
  expect(trace.requests).toBe(observed?.timed);
  expect(trace.requests).toBeGreaterThan(90);
  expect(trace.requests).toBeLessThan(110);
});

test("an objective and what is set change the route, the latter last", async () => {
  const set = ["--set", "usdPerMiss=0.5", "--set", "hedge.share=0", "--set", "retry.attempts=1"];
  const { route } = await replayed("--objective", "cost", "--slo", "1s", ...set);
  expect(route).toMatchObject({ sloMs: 1_000, retry: { attempts: 1 } });
  expect(route.money).toEqual({ ...moneyOf.cost, usdPerMiss: 0.5 });
  expect(route.hedge).toBeUndefined();
});

test("another model of the fleet brings its own route", async () => {
  const { fleet: of, route } = await replayed("--model", "digits-n");
  expect([of.model, route.sloMs]).toEqual(["digits-n", 80]);
});

test("a fault of a provider hits all its backends, and the replay tells of it", async () => {
  const { fleet: of, results } = await replayed("--fault", "fast:down:5:35", "--policy", "tradewind");
  expect(of.faults).toEqual([
    { backend: "fast/1", fromMs: 5_000, toMs: 35_000, kind: "down" },
    { backend: "fast/2", fromMs: 5_000, toMs: 35_000, kind: "down" },
  ]);
  const dear = results[0]?.backends.find(({ name }) => name === "dear");
  expect(dear?.share).toBeGreaterThan(0.5);
});

test("a trace that is only a load is warmed up and multiplied, and the report says so", async () => {
  const times = Array.from(
    { length: 60 },
    (_, second) => `2023-11-16 18:17:${String(second).padStart(2, "0")}.5,1,1`,
  );
  const path = await written("azure.csv", `TIMESTAMP,ContextTokens,GeneratedTokens\n${times.join("\n")}\n`);
  const report = await runReplay(readRequest(["--trace", path, "--fleet", fleet]));
  expect(report).toMatchObject({ warmUpMs: 5_900, trace: { requests: 1_200 } });
  expect(report.assumed).toEqual(["20 copies of every request", "a warm-up of 6 s"]);
  expect(showReport(report)).toContain("assumed: 20 copies of every request; a warm-up of 6 s");
});

test("a fitted trace is drawn at a hundred a second unless it is told otherwise", async () => {
  const windows = [
    "client,window_start_s,rate_rps,cv,pattern,p1,p2",
    "0,0,2,1,Gamma,1,0.5",
    "0,60,2,1,Gamma,1,0.5",
  ];
  const path = await written("fitted.csv", `${windows.join("\n")}\n`);
  const run = (...more: string[]) => runReplay(readRequest(["--trace", path, "--fleet", fleet, ...more]));
  const usual = await run("--duration", "30");
  expect(usual.trace.rps).toBeGreaterThan(60);
  expect(usual.assumed).toContain("100 requests a second");
  const slow = await run("--duration", "30", "--rps", "10");
  expect(slow.trace.requests).toBeLessThan(600);
  expect(slow.assumed.join()).not.toContain("requests a second");
});

test("a packed ledger is replayed for one model alone, and what is left out is said", async () => {
  const entry = (index: number) =>
    JSON.stringify({
      at: 1_700_000_000_000 + index * 100,
      model: index % 4 === 0 ? "digits-n" : "digits-s",
      ms: 40,
    });
  const path = await written(
    "ledger.jsonl.gz",
    gzipSync(Array.from({ length: 200 }, (_, n) => entry(n)).join("\n")),
  );
  const run = (...more: string[]) => runReplay(readRequest(["--trace", path, "--fleet", fleet, ...more]));
  expect(await run("--model", "digits-n")).toMatchObject({
    trace: { format: "ledger", requests: 50 },
    observed: { timed: 50 },
    assumed: ["150 requests for other models left out"],
  });
  expect(await run()).toMatchObject({ trace: { requests: 150 } });
});

test.each([
  ["no trace", ["--fleet", "f"], "expected: tradewind replay --trace FILE --fleet FILE"],
  ["a flag that nobody knows", ["--trace", "t", "--fleet", "f", "--speed", "9"], "unknown option '--speed'"],
  ["an unknown policy", ["--policy", "magic"], 'there is no policy "magic"'],
  ["an inherited name for a policy", ["--policy", "constructor"], 'there is no policy "constructor"'],
  ["an SLO of nothing", ["--slo", "0"], "--slo: expected milliseconds"],
  [
    "an SLO in words",
    ["--slo", "soon"],
    '--slo: expected milliseconds or a duration such as 250ms, 90s or 5m, got "soon"',
  ],
  ["an objective of another name", ["--objective", "speed"], "--objective: expected cost, balanced, latency"],
  ["a seed with a fraction", ["--seed", "1.5"], "--seed: expected a whole number"],
  ["a negative seed", ["--seed=-1"], "--seed: expected a whole number"],
  ["a rate and copies", ["--rps", "5", "--copies", "2"], "--rps and --copies: only one"],
  ["a rate of nothing", ["--rps", "0"], "--rps: expected a number from 0.001"],
  ["too many copies", ["--copies", "1000000"], "--copies: expected a whole number from 1 to 100000"],
  ["a format of another name", ["--format", "csv"], "--format: expected auto, azure-llm"],
  ["requests of another kind", ["--requests", "gets"], "--requests: expected posts, all"],
  ["too many gateways", ["--gateways", "65"], "--gateways: expected a whole number from 1 to 64"],
  ["a fault without an end", ["--fault", "fast:down:5"], "--fault: expected BACKEND:KIND:FROM:TO[:AMOUNT]"],
  [
    "a fault that ends before it begins",
    ["--fault", "fast:down:9:5"],
    "--fault: fast:down:9:5 ends before it begins",
  ],
  ["a fault of another kind", ["--fault", "fast:toString:1:2"], '--fault: "toString" is none of down, slow'],
  ["a fault with an amount it has not", ["--fault", "fast:down:1:2:3"], "--fault: down has no amount"],
  [
    "a fault with a share above 1",
    ["--fault", "fast:errors:1:2:3"],
    "--fault: expected a number from 0.000001 to 1",
  ],
  ["a setting of another name", ["--set", "speed=1"], '--set: "speed=1" is no NAME=NUMBER of usdPerMiss'],
  ["a setting without a number", ["--set", "usdPerMiss"], "--set usdPerMiss: expected a number"],
  [
    "a setting said twice",
    ["--set", "usdPerMiss=1", "--set", "usdPerMiss=2"],
    "--set: usdPerMiss is said twice",
  ],
])("a replay with %s is refused with a sentence that names it", (_, flags, sentence) => {
  const args = flags.includes("--fleet") ? flags : ["--trace", "t", "--fleet", "f", ...flags];
  expect(() => readRequest([...args])).toThrow(sentence);
});

test.each([
  ["a fault of a backend that is not there", ["--fault", "slow:down:1:2"], 'there is no backend "slow"'],
  ["a model without a route", ["--model", "nobody"], "has no route for model nobody"],
  ["a part after the end", ["--from", "5000"], "no request of the trace lies in its second 5000"],
  ["a warm-up that is all of it", ["--warm-up", "1h"], "--warm-up: it lasts as long as what is replayed"],
  [
    "another format than the trace has",
    ["--format", "servegen"],
    "no request is left in the trace (servegen)",
  ],
])("a replay of %s is refused once the files are read", async (_, flags, sentence) => {
  await expect(replayed(...flags)).rejects.toThrow(sentence);
});

test("a wrong fleet file is refused with line and column, and a missing one by its name", async () => {
  const wrong = await written("wrong.yaml", fleetText.replace("failover", "fallover"));
  await expect(replayed("--fleet", wrong)).rejects.toThrow(/wrong\.yaml:9:\d+ +routes\.0/);
  await expect(replayed("--fleet", join(folder, "none.yaml"))).rejects.toThrow("none.yaml");
  await expect(replayed("--trace", join(folder, "none.csv"))).rejects.toThrow("none.csv (ENOENT)");
});
