import type { TryFailure } from "../../dispatch/try.ts";
import type { Seeded } from "../seeded.ts";
import { Bill, type ChangingTerms } from "./bill.ts";
import { createConditions, describeConditions } from "./conditions.ts";
import { createDevice } from "./device.ts";
import type { EventQueue } from "./event-queue.ts";
import { Instance, type Keeper } from "./instance.ts";
import type { Destination, Journey } from "./journey.ts";
import { Line } from "./line.ts";
import { createServiceTime, lognormal, type ServiceTime } from "./service-time.ts";
import type { Fault, ServiceTerms } from "./simulated-fleet.ts";

export type BackendOptions = {
  readonly terms: ChangingTerms;
  readonly service: ServiceTerms;
  readonly faults: readonly Fault[];
  readonly events: EventQueue;
  readonly seeded: Seeded;
  /** What was before costs nothing. */
  readonly billFromMs: number;
};

/** A failure that comes at once is this much work. */
const failingMs = 1;

/** What a question for its description takes, and how long the gateway waits for it. */
const describingMs = 1;
const mostDescribingMs = 2_000;

const broken: TryFailure = { retryable: true, isBackends: true, isFull: false };

/** A service as it is, with its network, its instances and whatever is wrong with it. It is OPEN as long as the run. */
export class SimulatedBackend implements Destination, Keeper {
  readonly bill: Bill;
  readonly instances: Instance[] = [];
  started = 0;
  readonly #options: BackendOptions;
  readonly #conditions = createConditions();
  readonly #line = new Line();
  readonly #here: Journey[] = [];
  readonly #time: ServiceTime;
  readonly #chance: { readonly [Of in "network" | "cold" | "errors"]: Seeded };
  readonly #scales: boolean;
  #starting = 0;

  constructor(options: BackendOptions) {
    const { terms, service, seeded, billFromMs } = options;
    this.#options = options;
    this.bill = new Bill(terms, billFromMs);
    this.#time = createServiceTime(service.law, service.variation, seeded.fork("service"));
    this.#chance = {
      network: seeded.fork("network"),
      cold: seeded.fork("cold"),
      errors: seeded.fork("errors"),
    };
    this.#scales = terms.billing !== "provisioned";
    if (!this.#scales) for (let count = 0; count < service.instances; count += 1) this.#addInstance().open(0);
    for (const { fromMs, toMs } of options.faults) this.#changeAt(fromMs, toMs);
  }

  /** Requests that are there, or on their way into an instance. */
  get present(): number {
    return this.#here.length;
  }

  /** Whether a question for its description is answered in time: what it says of its speed or its room is no part of it. */
  saysReady(now: number): boolean {
    const { isDown, hangsUntil, slowFactor, extraMs } = this.#conditions;
    if (isDown || now < hangsUntil || !this.instances.some(({ state }) => state === "open")) return false;
    return this.#options.service.network.rttMs + extraMs + describingMs * slowFactor <= mostDescribingMs;
  }

  send(journey: Journey, now: number): void {
    const { events, service } = this.#options;
    const { isDown, extraMs } = this.#conditions;
    if (!isDown) this.bill.egress(journey.bytes, now);
    events.plan(journey, now + this.#wayMs() + journey.bytes / service.network.bytesPerMs + extraMs);
  }

  arrived(journey: Journey, now: number): void {
    const { isDown, hangsUntil, fullForMs, errorShare } = this.#conditions;
    if (isDown) this.#reply(journey, now, broken);
    else if (now < hangsUntil) this.#options.events.plan(journey, hangsUntil);
    else if (fullForMs !== undefined) this.#reply(journey, now, full(fullForMs));
    else if (errorShare > 0 && this.#chance.errors.number() < errorShare)
      this.#reply(journey, now + failingMs, broken);
    else this.#admit(journey, now);
  }

  /** Nobody waits for it any more. */
  abandon(journey: Journey, now: number): void {
    journey.isAbandoned = true;
    if (journey.state === "going" || journey.state === "returning") {
      this.#options.events.cancel(journey);
      journey.state = "over";
    } else if (journey.shelter) journey.shelter.leave(journey, now);
    else if (journey.state === "waiting") {
      journey.state = "over";
      this.#line.left();
      this.#unseat(journey);
    }
  }

  opened(instance: Instance, now: number): void {
    this.#starting -= 1;
    this.#fill(instance, now);
  }

  replied(journey: Journey, instance: Instance, now: number): void {
    this.#unseat(journey);
    if (journey.state !== "over") this.#reply(journey, now, undefined);
    this.#fill(instance, now);
  }

  closed(instance: Instance): void {
    this.instances.splice(this.instances.indexOf(instance), 1);
  }

  /** The trace is over: what stands anyway is paid until now, what ends by itself until its end. */
  closeBooks(now: number): void {
    if (!this.#scales) for (const instance of this.instances) instance.closeBooks(now);
  }

  #admit(journey: Journey, now: number): void {
    const { service } = this.#options;
    const instance = this.#leastBusy();
    if (!instance && this.#line.length >= service.queue) {
      this.#reply(journey, now, full(service.retryAfterMs));
      return;
    }
    journey.seat = this.#here.push(journey) - 1;
    this.bill.request(now);
    if (instance) instance.take(journey, now);
    else {
      this.#line.push(journey);
      this.#startIfShort(now);
    }
  }

  #leastBusy(): Instance | undefined {
    let [found, least] = [undefined as Instance | undefined, this.#options.service.perInstance];
    for (const instance of this.instances) {
      if (instance.state !== "open" || instance.active >= least) continue;
      found = instance;
      least = instance.active;
    }
    return found;
  }

  /** Those that start already are for as many as one takes. */
  #startIfShort(now: number): void {
    const { service, terms } = this.#options;
    if (!this.#scales || this.instances.length >= service.mostInstances) return;
    if (this.#line.length <= this.#starting * service.perInstance) return;
    this.#starting += 1;
    this.started += 1;
    this.#addInstance().start(now, terms.coldMs * lognormal(service.coldNoise, this.#chance.cold));
  }

  #fill(instance: Instance, now: number): void {
    const { perInstance } = this.#options.service;
    while (instance.state === "open" && instance.active < perInstance) {
      const next = this.#line.shift();
      if (!next) return;
      instance.take(next, now);
    }
  }

  #reply(journey: Journey, now: number, failure: TryFailure | undefined): void {
    journey.failure = failure;
    if (journey.isAbandoned) {
      journey.state = "over";
      return;
    }
    journey.state = "returning";
    this.#options.events.plan(journey, now + this.#wayMs());
  }

  #wayMs(): number {
    const { rttMs, jitter } = this.#options.service.network;
    return (rttMs / 2) * lognormal(jitter, this.#chance.network);
  }

  #unseat(journey: Journey): void {
    const { seat } = journey;
    const last = this.#here.pop();
    journey.seat = -1;
    if (!last || last === journey) return;
    this.#here[seat] = last;
    last.seat = seat;
  }

  #addInstance(): Instance {
    const { events, service, terms } = this.#options;
    const conditions = this.#conditions;
    const instance = new Instance({
      keeper: this,
      device: createDevice({ law: service.law, time: this.#time, events, conditions }),
      bill: this.bill,
      idleMs: this.#scales ? terms.idleMs : Number.POSITIVE_INFINITY,
      stopsOnAbort: service.stopsOnAbort,
      ...{ events, conditions },
    });
    this.instances.push(instance);
    return instance;
  }

  #changeAt(...moments: readonly number[]): void {
    const happen = (now: number): void => this.#change(now);
    for (const at of moments)
      if (at !== Number.POSITIVE_INFINITY) this.#options.events.plan({ place: -1, happen }, at);
  }

  #change(now: number): void {
    const conditions = this.#conditions;
    const { isDown, priceFactor } = conditions;
    describeConditions(conditions, this.#options.faults, now);
    if (conditions.priceFactor !== priceFactor) {
      for (const instance of this.instances) instance.settle(now);
      this.bill.changePrices(conditions.priceFactor / priceFactor);
    }
    if (conditions.isDown && !isDown) this.#loseAll(now);
  }

  /** What was under way fails, and what starts by itself has to start again. */
  #loseAll(now: number): void {
    for (const journey of this.#here.splice(0)) {
      this.#options.events.cancel(journey);
      journey.seat = -1;
      this.#reply(journey, now, broken);
    }
    this.#line.clear();
    for (const instance of [...this.instances]) {
      instance.lose(now);
      if (this.#scales) instance.close(now);
    }
    this.#starting = 0;
  }
}

function full(retryAfterMs: number): TryFailure {
  return { retryable: true, isBackends: false, isFull: true, retryAfterMs };
}
