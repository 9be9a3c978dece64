import type { Clock } from "#infra/runtime/clock.ts";
import { type Alarm, createAlarm } from "./alarm.ts";
import { createDueHeap, type DueHeap } from "./due-heap.ts";
import { type BatchSizes, type Plan, planBatch, type WaitPlan } from "./plan-batch.ts";
import { overtime } from "./shed.ts";
import { type Crowd, createWaitingLines, type WaitingLines } from "./waiting-lines.ts";
import type { WaitingRun } from "./waiting-run.ts";

export type WaitingRoomOptions = {
  readonly clock: Clock;
  readonly sizes: BatchSizes;
  readonly levels: number;
};

/**
 * The runs that wait, each WAITING or LATE, as `WaitingRun` tells. One whose time is over goes by itself, also when nobody
 * asks for anything; the timer for that is held only while such a run waits.
 */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #sizes: BatchSizes;
  readonly #lines: WaitingLines<WaitingRun>;
  readonly #dues: DueHeap<WaitingRun> = createDueHeap();
  readonly #alarm: Alarm;
  /** The last plan, for as long as nothing came or went that could change it. */
  #waitPlan: WaitPlan | undefined;

  constructor({ clock, sizes, levels }: WaitingRoomOptions) {
    this.#clock = clock;
    this.#sizes = sizes;
    this.#lines = createWaitingLines(levels);
    this.#alarm = createAlarm({ clock, ring: () => this.#watchTime() });
  }

  get length(): number {
    return this.#lines.length;
  }

  get items(): number {
    return this.#lines.items;
  }

  lengthOf(level: number): number {
    return this.#lines.lengthOf(level);
  }

  /** Who is served before a run that comes now. */
  ahead(level: number): Crowd {
    return this.#lines.ahead(level);
  }

  enter(run: WaitingRun): void {
    const plan = this.#waitPlan;
    const joins = this.#lines.endsWith(run.level) && run.batchKey === plan?.batchKey;
    this.#waitPlan = plan && joins ? { ...plan, until: Math.min(plan.until, run.leaveBy) } : undefined;
    run.place = this.#lines.enter(run);
    if (run.dueAt === Number.POSITIVE_INFINITY) return;
    this.#dues.add(run);
    // Put off because a run that is taken at once, as most are, needs no timer.
    queueMicrotask(() => this.#watchTime());
  }

  /** Does nothing when the run doesn't wait here. */
  leave(run: WaitingRun): void {
    if (!run.place) return;
    this.#lines.leave(run.place);
    run.place = undefined;
    this.#waitPlan = undefined;
    this.#dues.remove(run);
    if (!this.#dues.first) this.#alarm.set(undefined);
  }

  /** Takes so many runs out, in the order of service. */
  takeFirst(count: number): WaitingRun[] {
    const taken: WaitingRun[] = [];
    for (const run of this.#lines) {
      if (taken.length === count) break;
      taken.push(run);
    }
    for (const run of taken) this.leave(run);
    return taken;
  }

  /** What should leave now, of those that still have time or are late. */
  plan(): Plan | undefined {
    this.expire();
    const now = this.#clock.elapsed();
    const last = this.#waitPlan;
    if (last && now < last.until && this.items < last.items) return last;
    const plan = planBatch(this.#lines, this.#sizes, now);
    this.#waitPlan = plan?.kind === "wait" ? plan : undefined;
    return plan;
  }

  /** Refuses whose time is over, or puts them behind the others. */
  expire(): void {
    const now = this.#clock.elapsed();
    for (let run = this.#dues.first; run && run.dueAt <= now; run = this.#dues.first) {
      if (run.becomeLate()) this.#delay(run);
      else {
        this.leave(run);
        run.reject(overtime(run.limits));
      }
    }
  }

  #watchTime(): void {
    this.expire();
    this.#alarm.set(this.#dues.first?.dueAt);
  }

  #delay(run: WaitingRun): void {
    if (run.place) this.#lines.makeLate(run.place);
    this.#dues.remove(run);
    if (run.dueAt < Number.POSITIVE_INFINITY) this.#dues.add(run);
  }
}
