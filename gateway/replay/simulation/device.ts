import type { Conditions } from "./conditions.ts";
import type { EventQueue, Happening } from "./event-queue.ts";
import type { Journey } from "./journey.ts";
import { Line } from "./line.ts";
import type { ServiceTime } from "./service-time.ts";
import type { Law } from "./simulated-fleet.ts";

/** What computes inside an instance. */
export type Device = {
  readonly take: (journey: Journey, now: number) => void;
  /** It was served, or stopped in the middle. */
  readonly done: (now: number) => void;
  /** It waited, and nobody waits for it any more. */
  readonly left: () => void;
  /** Forgets all it has. */
  readonly stop: () => void;
};

export type DeviceOptions = {
  readonly law: Law;
  readonly time: ServiceTime;
  readonly events: EventQueue;
  readonly conditions: Conditions;
};

export function createDevice(options: DeviceOptions): Device {
  const { law } = options;
  if (law.kind === "batching") return new BatchDevice(options, law.maxBatch);
  return new Workers(options, law.kind === "parallel" ? law.workers : Number.POSITIVE_INFINITY);
}

/**
 * Each for itself, so many at a time. It is in one of these states:
 *
 *   FREE  a request is begun with at once
 *   FULL  it waits for one that is done
 */
class Workers implements Device {
  readonly #options: DeviceOptions;
  readonly #workers: number;
  readonly #line = new Line();
  #running = 0;

  constructor(options: DeviceOptions, workers: number) {
    this.#options = options;
    this.#workers = workers;
  }

  take(journey: Journey, now: number): void {
    if (this.#running < this.#workers) this.#begin(journey, now);
    else this.#line.push(journey);
  }

  done(now: number): void {
    this.#running -= 1;
    const next = this.#line.shift();
    if (next) this.#begin(next, now);
  }

  left(): void {
    this.#line.left();
  }

  stop(): void {
    this.#line.clear();
    this.#running = 0;
  }

  #begin(journey: Journey, now: number): void {
    const { time, events, conditions } = this.#options;
    this.#running += 1;
    journey.state = "worked on";
    events.plan(journey, now + time(this.#running, now) * conditions.slowFactor);
  }
}

/**
 * Many together, one batch after the other. It is in one of these states:
 *
 *   IDLE  the next request is a batch of its own, at once
 *   BUSY  a batch has its time; who comes now is in the next
 */
class BatchDevice implements Device, Happening {
  place = -1;
  readonly #options: DeviceOptions;
  readonly #maxBatch: number;
  readonly #line = new Line();
  #batch: Journey[] = [];
  #isBusy = false;

  constructor(options: DeviceOptions, maxBatch: number) {
    this.#options = options;
    this.#maxBatch = maxBatch;
  }

  take(journey: Journey, now: number): void {
    this.#line.push(journey);
    if (!this.#isBusy) this.#begin(now);
  }

  done(): void {}

  left(): void {
    this.#line.left();
  }

  stop(): void {
    this.#line.clear();
    this.#batch = [];
    this.#isBusy = false;
    this.#options.events.cancel(this);
  }

  /** The batch is done, unless all of it hangs. */
  happen(now: number): void {
    const { events, conditions } = this.#options;
    if (now < conditions.hangsUntil) {
      events.plan(this, conditions.hangsUntil);
      return;
    }
    const batch = this.#batch;
    for (const journey of batch) journey.shelter?.served(journey, now);
    batch.length = 0;
    this.#isBusy = false;
    if (this.#line.length > 0) this.#begin(now);
  }

  #begin(now: number): void {
    const { time, events, conditions } = this.#options;
    const count = Math.min(this.#maxBatch, this.#line.length);
    for (let taken = 0; taken < count; taken += 1) {
      const journey = this.#line.shift();
      if (!journey) break;
      journey.state = "worked on";
      this.#batch.push(journey);
    }
    this.#isBusy = true;
    events.plan(this, now + time(count, now) * conditions.slowFactor);
  }
}
