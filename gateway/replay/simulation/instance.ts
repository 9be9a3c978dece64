import type { Bill } from "./bill.ts";
import type { Conditions } from "./conditions.ts";
import type { Device } from "./device.ts";
import type { EventQueue, Happening } from "./event-queue.ts";
import type { Journey, Shelter } from "./journey.ts";

/** Whoever has instances. */
export type Keeper = {
  readonly opened: (instance: Instance, now: number) => void;
  readonly replied: (journey: Journey, instance: Instance, now: number) => void;
  readonly closed: (instance: Instance, now: number) => void;
};

export type InstanceOptions = {
  readonly keeper: Keeper;
  readonly device: Device;
  readonly events: EventQueue;
  readonly bill: Bill;
  readonly conditions: Conditions;
  /** How long it stays after its last request; always, where this is infinite. */
  readonly idleMs: number;
  readonly stopsOnAbort: boolean;
};

/** What a request that only wakes takes once somebody is there. */
const wakingMs = 1;

/**
 * One of those that answer. It is in one of these states:
 *
 *   STARTING  paid for, of no use yet
 *   OPEN      takes requests
 *   CLOSED    idle for too long, or lost
 */
export class Instance implements Happening, Shelter {
  place = -1;
  state: "starting" | "open" | "closed" = "starting";
  /** Requests that it has. */
  active = 0;
  readonly #options: InstanceOptions;
  #paidSince: number | undefined;

  constructor(options: InstanceOptions) {
    this.#options = options;
  }

  start(now: number, coldMs: number): void {
    this.#paidSince = now;
    this.#options.events.plan(this, now + coldMs);
  }

  /** It is there already. */
  open(now: number): void {
    this.state = "open";
    this.#paidSince = now;
    this.#rest(now);
  }

  happen(now: number): void {
    if (this.state === "starting") {
      this.state = "open";
      this.#rest(now);
      this.#options.keeper.opened(this, now);
    } else this.close(now);
  }

  take(journey: Journey, now: number): void {
    this.active += 1;
    if (this.active === 1) this.#rouse(now);
    journey.shelter = this;
    if (journey.made) {
      this.#options.device.take(journey, now);
      return;
    }
    journey.state = "worked on";
    this.#options.events.plan(journey, now + wakingMs);
  }

  served(journey: Journey, now: number): void {
    const { events, conditions, keeper } = this.#options;
    if (now < conditions.hangsUntil) {
      events.plan(journey, conditions.hangsUntil);
      return;
    }
    this.#release(journey, now);
    keeper.replied(journey, this, now);
  }

  leave(journey: Journey, now: number): void {
    const { events, device, stopsOnAbort, keeper } = this.#options;
    if (journey.state === "waiting") {
      device.left();
      this.#free(now);
    } else if (stopsOnAbort && journey.place >= 0) {
      events.cancel(journey);
      this.#release(journey, now);
    } else return;
    journey.state = "over";
    keeper.replied(journey, this, now);
  }

  close(now: number): void {
    this.state = "closed";
    this.#options.events.cancel(this);
    this.#settle(now, undefined);
    this.#options.keeper.closed(this, now);
  }

  /** Everything it had is lost, and it is as good as new. */
  lose(now: number): void {
    this.#options.device.stop();
    this.active = 0;
    if (this.state === "open") this.#rest(now);
  }

  /** Pays what is due, so that the price may change. */
  settle(now: number): void {
    if (this.#paidSince !== undefined) this.#settle(now, now);
  }

  /** Nothing is paid from now on. */
  closeBooks(now: number): void {
    this.#settle(now, undefined);
  }

  #release(journey: Journey, now: number): void {
    if (journey.made) this.#options.device.done(now);
    this.#free(now);
  }

  #free(now: number): void {
    this.active -= 1;
    if (this.active === 0) this.#rest(now);
  }

  #rouse(now: number): void {
    this.#options.events.cancel(this);
    if (this.#options.bill.billing === "request") this.#paidSince ??= now;
  }

  #rest(now: number): void {
    const { bill, events, idleMs } = this.#options;
    if (bill.billing === "request") this.#settle(now, undefined);
    if (idleMs !== Number.POSITIVE_INFINITY) events.plan(this, now + idleMs);
  }

  #settle(now: number, paidSince: number | undefined): void {
    if (this.#paidSince !== undefined) this.#options.bill.time(this.#paidSince, now);
    this.#paidSince = paidSince;
  }
}
