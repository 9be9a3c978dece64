import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { seededRandom } from "#test/support/random.ts";
import { type SimulatedEngine, simulateEngine } from "./simulated-engine.ts";

const costMs = (items: number) => 8 + items;
const patient = { ...noBatching.defaultQueuePolicy, maxQueueSize: 0 };

test("batches of eight carry more than four times what single runs do, of an engine with a fixed cost per run", async () => {
  const alone = await closedLoop(simulateEngine({ costMs }));
  const together = await closedLoop(simulateEngine({ costMs, batching: { maxBatchSize: 8 } }));
  const patiently = await closedLoop(
    simulateEngine({ costMs, batching: { maxBatchSize: 8, maxQueueDelayMs: 5 } }),
  );
  expect(alone).toBeCloseTo(1000 / 9, -1);
  expect(together / alone).toBeGreaterThan(4.2);
  expect(patiently / alone).toBeGreaterThan(4.2);
});

test("a run of the first level waits for the running batch at most, however many of the second wait", async () => {
  const batching = {
    maxBatchSize: 8,
    priorityLevels: 2,
    defaultPriorityLevel: 2,
    defaultQueuePolicy: patient,
  };
  const engine = simulateEngine({ costMs, batching });
  const second = Array.from({ length: 200 }, () => engine.run());
  const first: number[] = [];
  for (let time = 5; time < 300; time += 20) {
    engine.at(time, () => void engine.run({ priority: 1 }).then(({ queueMs }) => first.push(queueMs)));
  }
  await engine.passUntil(1_000);
  expect(first).toHaveLength(15);
  expect(Math.max(...first)).toBeLessThanOrEqual(16);
  const waits = (await Promise.all(second)).map(({ queueMs }) => queueMs);
  expect(Math.max(...waits)).toBeGreaterThan(300);
});

test("at twice the load it can bear, shedding keeps most answers in time where queueing loses nearly all", async () => {
  const batching = { maxBatchSize: 8, defaultQueuePolicy: patient };
  const bearable = 8_000 / costMs(8);
  const shedding = await openLoop(simulateEngine({ costMs, batching }), { told: true });
  const queueing = await openLoop(simulateEngine({ costMs, batching }), { told: false });
  expect(shedding.inTime / bearable).toBeGreaterThan(0.85);
  expect(queueing.inTime / bearable).toBeLessThan(0.15);
  expect(shedding.late).toBeLessThan(0.02 * shedding.inTime);
});

test("with two workers, and runs of their own, shedding keeps most answers in time too", async () => {
  const policy = { ...patient, allowTimeoutOverride: true };
  const shedding = await openLoop(
    simulateEngine({ costMs: () => 4, workers: 2, batching: { defaultQueuePolicy: policy } }),
    { told: true },
  );
  expect(shedding.inTime / 500).toBeGreaterThan(0.85);
});

test("below its capacity nothing is shed", async () => {
  const engine = simulateEngine({ costMs, batching: { maxBatchSize: 8, defaultQueuePolicy: patient } });
  const { refused, late } = await openLoop(engine, { told: true, perSecond: 200 });
  expect({ refused, late }).toEqual({ refused: 0, late: 0 });
});

test("a slow spell doesn't make the queue refuse for ever", async () => {
  let slow = true;
  const engine = simulateEngine({
    costMs: (items) => (slow ? 400 : 8) + items,
    batching: { maxBatchSize: 8, defaultQueuePolicy: patient },
  });
  await openLoop(engine, { told: true });
  slow = false;
  await openLoop(engine, { told: true, lastsMs: 1_000 });
  const recovered = await openLoop(engine, { told: true });
  expect(recovered.inTime).toBeGreaterThan(0.85 * 500);
});

test("where a worker is always free, no run waits for company beyond the queue delay", async () => {
  const waits = await thinkingCallers({ workers: 12, maxQueueDelayMs: 5 });
  expect(waits.length).toBeGreaterThan(500);
  expect(Math.max(...waits)).toBeLessThanOrEqual(5 + 1e-6);
  expect(Math.max(...waits)).toBeGreaterThan(4.9);
});

test("where the one worker is free again after each run, the queue delay is exceeded by one run at most", async () => {
  const waits = await thinkingCallers({ workers: 1, maxQueueDelayMs: 5 });
  expect(waits.length).toBeGreaterThan(500);
  expect(Math.max(...waits)).toBeLessThanOrEqual(5 + costMs(8) + 1e-6);
});

/** Answers per second to sixteen callers who each ask again at once. */
async function closedLoop(engine: SimulatedEngine): Promise<number> {
  const lastsMs = 4_000;
  let answers = 0;
  const call = async (): Promise<void> => {
    while (engine.now() < lastsMs) {
      await engine.run();
      answers += 1;
    }
  };
  for (let caller = 0; caller < 16; caller += 1) void call();
  await engine.passUntil(lastsMs);
  return (1000 * answers) / lastsMs;
}

/** Callers who come at random, 1000 a second, and need their answer within 100 ms; per second. */
async function openLoop(
  engine: SimulatedEngine,
  { told, perSecond = 1000, lastsMs = 3_000 }: { told: boolean; perSecond?: number; lastsMs?: number },
) {
  const random = seededRandom(7);
  const counts = { inTime: 0, late: 0, refused: 0 };
  const deadlineMs = 100;
  const start = engine.now();
  const call = async (): Promise<void> => {
    const asked = engine.now();
    try {
      await engine.run(told ? { deadlineMs } : {});
      counts[engine.now() - asked <= deadlineMs ? "inTime" : "late"] += 1;
    } catch {
      counts.refused += 1;
    }
  };
  let time = start;
  while (time < start + lastsMs) {
    engine.at(time, () => void call());
    time += (-Math.log(1 - random.between(0, 1)) * 1000) / perSecond;
  }
  await engine.passUntil(start + lastsMs);
  const perMs = 1000 / lastsMs;
  return { inTime: counts.inTime * perMs, late: counts.late * perMs, refused: counts.refused * perMs };
}

/** How long runs of eight callers waited, who think for a while between them. */
async function thinkingCallers({ workers, maxQueueDelayMs }: { workers: number; maxQueueDelayMs: number }) {
  const engine = simulateEngine({ costMs, workers, batching: { maxBatchSize: 8, maxQueueDelayMs } });
  const random = seededRandom(11);
  const waits: number[] = [];
  const call = async (): Promise<void> => {
    const { queueMs } = await engine.run();
    waits.push(queueMs);
    engine.at(engine.now() + random.between(0, 20), () => void call());
  };
  for (let caller = 0; caller < 8; caller += 1) void call();
  await engine.passUntil(3_000);
  return waits;
}
