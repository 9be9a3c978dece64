import { expect, test } from "vitest";
import type { Batching, QueuePolicy } from "#inference/engine/batching.ts";
import { seededRandom } from "#test/support/random.ts";
import { names, openQueue, settled } from "./fixed-time-queue.ts";
import { PlainQueue } from "./plain-queue.ts";

test("whatever comes, goes and passes, the queue does what a plain one does that sorts everything each time", async () => {
  const seen = { taken: 0, over: 0, left: 0, full: 0, waited: 0 };
  for (let seed = 0; seed < 100; seed += 1) await compare(seed, seen);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
});

async function compare(seed: number, seen: Record<"taken" | "over" | "left" | "full" | "waited", number>) {
  const random = seededRandom(seed);
  const pick = <Value>(...values: Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  const levels = random.integer(1, 3);
  const policy: QueuePolicy = {
    timeoutAction: pick("reject", "delay"),
    defaultTimeoutMs: pick(0, 40),
    allowTimeoutOverride: true,
    maxQueueSize: pick(0, 6),
  };
  const batching: Batching = {
    maxBatchSize: pick(0, 4, 8),
    preferredBatchSizes: pick([], [2], [3, 6]),
    maxQueueDelayMs: pick(0, 5, 30),
    priorityLevels: levels,
    defaultPriorityLevel: 1,
    defaultQueuePolicy: policy,
    priorityQueuePolicies: {},
  };
  const { clock, queue, add, outcomes } = openQueue({ ...batching, policy });
  const plain = new PlainQueue(batching);
  const callers: AbortController[] = [];
  const wanted = new Map<number, string>();
  const enter = (name: number): void => {
    const now = clock.elapsed();
    const caller = new AbortController();
    callers.push(caller);
    const level = random.integer(1, levels);
    const timeoutMs = random.chance(0.4) ? random.between(1, 60) : 0;
    const deadlineMs = random.chance(0.2) ? random.between(1, 90) : Number.POSITIVE_INFINITY;
    const alone = random.chance(0.1) || batching.maxBatchSize === 0;
    const item = { items: random.integer(1, 2), batchKey: alone ? undefined : pick("a", "a", "a", "b") };
    add(name, { ...item, signal: caller.signal, priority: level, timeoutMs, deadlineMs });
    if (policy.maxQueueSize > 0 && plain.lengthOf(level) >= policy.maxQueueSize) {
      wanted.set(name, `backend_full: ${plain.length} runs of this model are waiting already`);
      seen.full += 1;
      return;
    }
    const timeouts = [timeoutMs, policy.defaultTimeoutMs].filter((ms) => ms > 0);
    const waitsMs = Math.min(...timeouts, Number.POSITIVE_INFINITY);
    plain.add({
      ...{ ...item, name, level, since: now, timeoutAt: now + waitsMs, deadlineAt: now + deadlineMs },
      leaveBy: now + Math.min(batching.maxQueueDelayMs, waitsMs / 2, deadlineMs / 2),
      delays: policy.timeoutAction === "delay",
    });
  };
  const act = (step: number): void => {
    const what = random.between(0, 1);
    if (what < 0.5) enter(step);
    else {
      callers.push(new AbortController());
      if (what < 0.7) clock.advance(random.between(0, 15));
      else if (what < 0.8) {
        const name = random.integer(0, step);
        callers[name]?.abort();
        if (!outcomes.has(name) && plain.length !== queue.length) seen.left += 1;
        plain.pass(clock.elapsed());
        plain.remove(name);
      } else {
        plain.pass(clock.elapsed());
        const taken = names(queue.take());
        expect(taken, `seed ${seed} step ${step}`).toEqual(plain.take(clock.elapsed()));
        seen.taken += taken.length;
      }
    }
  };
  for (let step = 0; step < 80; step += 1) {
    act(step);
    await settled();
    const now = clock.elapsed();
    plain.pass(now);
    const plan = plain.plan(now);
    const due = plan && (plan.kind === "wait" ? plan.until : now);
    if (plan?.kind === "wait") seen.waited += 1;
    expect([queue.length, queue.nextDue()], `seed ${seed} step ${step}`).toEqual([plain.length, due]);
  }
  const told = [...outcomes].filter(([, what]) => what.startsWith("queue_timeout")).map(([name]) => name);
  expect(
    told.sort((a, b) => a - b),
    `seed ${seed}`,
  ).toEqual(plain.over.sort((a, b) => a - b));
  for (const [name, what] of wanted) expect(outcomes.get(name)).toBe(what);
  seen.over += told.length;
}
