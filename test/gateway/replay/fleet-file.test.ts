import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadFleet, readFleet } from "#gateway/replay/fleet-file.ts";
import { readMeasured } from "#gateway/replay/simulation/measured.ts";

const file = "fleet.yaml";

const head = `models:
  digits-s: { source: a.onnx }
  digits-n: { source: b.onnx }
providers:
  ours: { kind: static, urls: ["http://a:1"], usdPerHour: 3.6, concurrency: 32, perInstance: 8, prior: { base: 40ms, perInFlight: 10ms } }
  two: { kind: static, urls: ["http://a:1", "http://b:1"] }
  burst: { kind: cloud-run, project: p, region: r, service: s, price: gcp/cloud-run/l4, cold: 12s }
routes:
  - { models: [digits-s], slo: 250ms, failover: [[ours, two], [burst]] }
  - { models: [digits-n], slo: 1s, failover: [[{ provider: ours, weight: 3 }, two]], canary: { provider: burst, share: 5% } }
`;

const problemsOf = (text: string): string => {
  try {
    readFleet(text, { file });
  } catch (error) {
    return String(error);
  }
  return "none";
};

test("any configuration can be replayed: what it does not say follows from what it declares", () => {
  const { model, route, backends, faults } = readFleet(head, { file });
  expect({ model, faults, sloMs: route.sloMs }).toEqual({ model: "digits-s", faults: [], sloMs: 250 });
  expect(backends.map(({ name, group }) => `${name} ${group}`)).toEqual([
    ...["ours 0", "two/1 0", "two/2 0", "burst 1"],
  ]);
  const [ours, two] = backends;
  expect(ours?.terms.usdPerSecond).toBeCloseTo(0.001, 9);
  expect(ours?.service).toMatchObject({
    law: { kind: "linear", baseMs: 40, perInFlightMs: 10 },
    ...{ instances: 1, mostInstances: 4, perInstance: 8 },
  });
  expect(two?.service.law).toEqual({ kind: "linear", baseMs: 50, perInFlightMs: 25 });
});

test("another model's route is replayed where it is asked for, with its weights and its canary behind all groups", () => {
  const { route, backends } = readFleet(head, { file, model: "digits-n" });
  expect(route.sloMs).toBe(1_000);
  expect(backends.map(({ name, group, weight, canary }) => ({ name, group, weight, canary }))).toEqual([
    { name: "ours", group: 0, weight: 3, canary: undefined },
    { name: "two/1", group: 0, weight: 1, canary: undefined },
    { name: "two/2", group: 0, weight: 1, canary: undefined },
    { name: "burst", group: 1, weight: undefined, canary: 0.05 },
  ]);
  expect(() => readFleet(head, { file, model: "yolo" })).toThrow("fleet.yaml has no route for model yolo");
});

test("says of each provider how it really is, and what goes wrong when", () => {
  const { backends, faults } = readFleet(
    `${head}simulation:
  providers:
    ours:
      law: { kind: batching, baseMs: 11.8, perItemMs: 4.6 }
      noise: 0.05
      outliers: { share: 1%, factor: 4 }
      drift: { kind: walk, back: 10m, deviation: 0.2 }
      rttMs: 1.5
      mbitPerS: 80
      instances: 2
    burst: { law: { kind: parallel, ms: 60, workers: 2 }, drift: { kind: sine, period: 1h, share: 30% }, queue: 5, retryAfter: 2s }
  faults:
    - { backend: two, kind: slow, factor: 10, from: 1m, to: 2m }
    - { backend: two/2, kind: full, to: 5s, retryAfter: 3s }
    - { backend: burst, kind: errors, share: 5%, to: 1h }
`,
    { file },
  );
  expect(backends[0]?.service).toMatchObject({
    law: { kind: "batching", baseMs: 11.8, perItemMs: 4.6, maxBatch: 16 },
    variation: {
      noise: 0.05,
      outliers: { share: 0.01, factor: 4 },
      drift: { kind: "walk", backMs: 600_000, deviation: 0.2 },
    },
    network: { rttMs: 1.5, bytesPerMs: 10_000 },
    instances: 2,
  });
  expect(backends[3]?.service).toMatchObject({
    law: { kind: "parallel", ms: 60, workers: 2 },
    variation: { drift: { kind: "sine", periodMs: 3_600_000, share: 0.3 } },
    ...{ queue: 5, retryAfterMs: 2_000 },
  });
  expect(faults).toEqual([
    { backend: "two/1", kind: "slow", factor: 10, fromMs: 60_000, toMs: 120_000 },
    { backend: "two/2", kind: "slow", factor: 10, fromMs: 60_000, toMs: 120_000 },
    { backend: "two/2", kind: "full", retryAfterMs: 3_000, fromMs: 0, toMs: 5_000 },
    { backend: "burst", kind: "errors", share: 0.05, fromMs: 0, toMs: 3_600_000 },
  ]);
});

test("every problem of a fleet file is told with its line and column", () => {
  const said = problemsOf(`${head}simulation:
  providers:
    ours: { law: { kind: quadratic } }
    two: { nose: 0.1, rttMs: -1 }
    burst: { drift: { kind: tide } }
  faults:
    - { backend: two, kind: slow, factor: 0, to: 1m }
    - { backend: two, kind: down, from: 2m, to: 1m }
    - { backend: two, kind: explode, to: 1m }
`);
  expect(said).toContain("fleet.yaml:13:20  simulation.providers.ours.law.kind: expected a law");
  expect(said).toContain('fleet.yaml:14:12  simulation.providers.two.nose: unknown key "nose"');
  expect(said).toContain("fleet.yaml:14:23  simulation.providers.two.rttMs");
  expect(said).toContain("simulation.providers.burst.drift.kind: expected a drift");
  expect(said).toContain("fleet.yaml:17:35  simulation.faults.0.factor");
  expect(said).toContain("fleet.yaml:18:45  simulation.faults.1.to: expected a time after from");
  expect(said).toContain("simulation.faults.2.kind: expected a fault");
});

test("names that a fleet file uses are declared in it, and what was measured is there", () => {
  const said = problemsOf(`${head}simulation:
  providers:
    nobody: { rttMs: 1, wrong: 1 }
    ours: { law: { kind: samples, measured: lost } }
  faults:
    - { backend: two/3, kind: down, to: 1m }
`);
  expect(said).toContain('fleet.yaml:13:5  simulation.providers.nobody: provider "nobody" is not declared');
  expect(said).toContain("fleet.yaml:14:35  simulation.providers.ours.law.measured: nothing readable at");
  expect(said).toContain('fleet.yaml:13:25  simulation.providers.nobody.wrong: unknown key "wrong"');
  expect(said).toContain('fleet.yaml:16:9  simulation.faults.0.backend: no backend "two/3" under providers');
});

test("a measured law leads to no file but those beside it", () => {
  const law = (name: string) =>
    `${head}simulation: { providers: { ours: { law: { kind: samples, measured: ${name} } } } }`;
  for (const name of ["../secret", "/etc/passwd", "a/b", "A", '""'])
    expect(problemsOf(law(name))).toContain("expected the name of a file in measured/");
});

test("reads a fleet and what was measured for it from their files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fleet-"));
  try {
    await mkdir(join(folder, "measured"));
    const levels = [
      { concurrency: 4, ms: [30, 20] },
      { concurrency: 1, ms: [10] },
    ];
    await writeFile(join(folder, "measured/here.json"), JSON.stringify({ what: "a test", levels }));
    const law = "{ kind: samples, measured: here, factor: 2 }";
    await writeFile(join(folder, "a.yaml"), `${head}simulation: { providers: { ours: { law: ${law} } } }\n`);
    const { backends } = await loadFleet(join(folder, "a.yaml"), { model: "digits-n" });
    expect(backends[0]?.service.law).toEqual({
      kind: "samples",
      levels: [
        { concurrency: 1, ms: [20] },
        { concurrency: 4, ms: [40, 60] },
      ],
    });
    await expect(loadFleet(join(folder, "b.yaml"))).rejects.toThrow(/cannot read .*b\.yaml/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what is no measurement is read as none", () => {
  for (const text of [
    "",
    "{",
    "[]",
    '{"levels":[]}',
    '{"levels":[{"concurrency":0,"ms":[1]}]}',
    '{"levels":[{"concurrency":1,"ms":[]}]}',
  ])
    expect(readMeasured(text)).toBeUndefined();
});
