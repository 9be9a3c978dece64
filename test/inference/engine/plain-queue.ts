import type { Batching } from "#inference/engine/batching.ts";
import type { Candidate, Plan } from "#inference/engine/plan-batch.ts";

/** The batching rules as one would write them down, looking at every beginning of the line: the judge of the fast plan. */
export function plainPlan(
  line: readonly Candidate[],
  { maxBatchSize, preferredBatchSizes, maxQueueDelayMs }: Batching,
  now: number,
): Plan | undefined {
  const [head] = line;
  if (!head) return undefined;
  const max = Math.max(maxBatchSize, 1);
  const possible = preferredBatchSizes.filter((size) => size >= 1 && size <= max);
  const preferred = possible.length > 0 ? possible : [max];
  const most = Math.max(...preferred);

  const itemsOf = (runs: number) => line.slice(0, runs).reduce((sum, { items }) => sum + items, 0);
  const makesBatch = (runs: number) =>
    runs === 1 ||
    (head.batchKey !== undefined &&
      line.slice(0, runs).every(({ batchKey }) => batchKey === head.batchKey) &&
      itemsOf(runs) <= max);
  const batches = line.map((_, index) => index + 1).filter(makesBatch);
  const longest = Math.max(...batches);
  const oldest = Math.min(...line.slice(0, longest).map((run) => run.leaveBy));
  const overdue = maxQueueDelayMs > 0 && oldest <= now;

  const exact = batches.filter((runs) => preferred.includes(itemsOf(runs)));
  const below = batches.filter((runs) => itemsOf(runs) <= most);
  const jumped = batches.some((runs) => itemsOf(runs) > most);
  if (!overdue && exact.length > 0) return { kind: "leave", runs: Math.max(...exact) };
  if (!overdue && jumped) return { kind: "leave", runs: Math.max(1, ...below) };
  const canGrow = longest === line.length && head.batchKey !== undefined && itemsOf(longest) < max;
  if (overdue || maxQueueDelayMs === 0 || !canGrow) return { kind: "leave", runs: longest };
  const items = Math.min(...preferred.filter((size) => size > itemsOf(longest)));
  return { kind: "wait", until: oldest, items, batchKey: head.batchKey };
}

export type PlainRun = Candidate & {
  readonly name: number;
  readonly level: number;
  readonly since: number;
  /** Infinity for none. */
  readonly timeoutAt: number;
  readonly deadlineAt: number;
  readonly delays: boolean;
};

type Standing = PlainRun & { lateSince?: number };

/** A queue that sorts everything each time it is asked. */
export class PlainQueue {
  readonly #batching: Batching;
  #waiting: Standing[] = [];
  readonly over: number[] = [];

  constructor(batching: Batching) {
    this.#batching = batching;
  }

  get length(): number {
    return this.#waiting.length;
  }

  lengthOf(level: number): number {
    return this.#waiting.filter((run) => run.level === level).length;
  }

  add(run: PlainRun): void {
    this.#waiting.push(run);
  }

  remove(name: number): void {
    this.#waiting = this.#waiting.filter((run) => run.name !== name);
  }

  pass(now: number): void {
    for (const run of this.#waiting) {
      if (run.delays && run.timeoutAt <= now && run.timeoutAt < run.deadlineAt)
        run.lateSince ??= run.timeoutAt;
      const over = run.deadlineAt <= now || (!run.delays && run.timeoutAt <= now);
      if (over) this.over.push(run.name);
    }
    this.#waiting = this.#waiting.filter(({ name }) => !this.over.includes(name));
  }

  plan(now: number): Plan | undefined {
    this.#waiting.sort(
      (a, b) =>
        Number(a.lateSince !== undefined) - Number(b.lateSince !== undefined) ||
        a.level - b.level ||
        (a.lateSince ?? a.name) - (b.lateSince ?? b.name),
    );
    return plainPlan(this.#waiting, this.#batching, now);
  }

  take(now: number): number[] {
    const plan = this.plan(now);
    return plan?.kind === "leave" ? this.#waiting.splice(0, plan.runs).map(({ name }) => name) : [];
  }
}
