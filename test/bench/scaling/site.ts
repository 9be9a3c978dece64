import type { Seeded } from "#gateway/replay/seeded.ts";
import type { EventQueue, Happening } from "#gateway/replay/simulation/event-queue.ts";
import { createServiceTime, lognormal, type ServiceTime } from "#gateway/replay/simulation/service-time.ts";
import type { SiteTerms } from "./sites.ts";

/** One instance. It is STARTING, then UP, then LEAVING while it finishes what it has, then GONE. */
type Instance = {
  state: "starting" | "up" | "leaving" | "gone";
  readonly orderedAt: number;
  busy: number;
  /** When it was last given a request, and when it last had none. */
  usedAt: number;
  idleAt: number;
  busyFrom: number;
  isWatched: boolean;
};

export type Answered = (request: number, now: number) => void;

export type SiteOptions = {
  readonly terms: SiteTerms;
  readonly events: EventQueue;
  readonly seeded: Seeded;
  readonly sloMs: number;
  readonly arrivedAt: Float64Array;
  /** Only what is spent between these counts. */
  readonly billed: { readonly from: number; readonly to: number };
  readonly answered: Answered;
};

/** A platform starts one more for about so many that wait. */
const waitingPerStart = 8;

/** The slowest answers that still count take so many times the mean. */
const slowest = 1.5;

/** Nobody is let wait until the last moment: a queue is not as fast as its mean. */
const unpacked = 0.8;

/** A place with its instances, its queue and its bill. It is OPEN as long as the run. */
export class Site {
  usd = 0;
  busyMs = 0;
  readonly springs: boolean;
  readonly terms: SiteTerms;
  count = 0;
  least = 0;
  most: number;
  readonly #options: SiteOptions;
  readonly #time: ServiceTime;
  readonly #cold: Seeded;
  readonly #instances: Instance[] = [];
  /** Free workers, the last used first: an instance is in it once for each. */
  readonly #free: Instance[] = [];
  #waiting: number[] = [];
  #head = 0;
  #up = 0;
  #starting = 0;

  constructor(options: SiteOptions) {
    const { terms, seeded } = options;
    this.#options = options;
    this.terms = terms;
    this.springs = terms.declared.scale === "bounds";
    this.most = terms.declared.limits?.most ?? 0;
    this.#time = createServiceTime(terms.service.law, terms.service.variation, seeded.fork("service"));
    this.#cold = seeded.fork("cold");
  }

  get running(): number {
    return this.#up;
  }

  get pending(): number {
    return this.#starting;
  }

  get hasFree(): boolean {
    while (this.#free.length > 0) {
      if (this.#free.at(-1)?.state === "up") return true;
      this.#free.pop();
    }
    return false;
  }

  /** How long one more would wait; forever where nothing is up. */
  get expectedWaitMs(): number {
    const waiting = this.#waiting.length - this.#head + 1;
    return this.#up === 0
      ? Number.POSITIVE_INFINITY
      : (waiting * this.terms.ms) / (this.#up * this.terms.workers);
  }

  get isInTime(): boolean {
    return this.expectedWaitMs + slowest * this.terms.ms <= unpacked * this.#options.sloMs;
  }

  /** What one more request costs here, beside what is paid anyway. */
  marginalUsd(now: number): number {
    const { billing, usdPerSecond, usdPerRequest, idleMs } = this.terms.declared.terms;
    if (billing === "provisioned") return 0;
    const used = this.#free.at(-1)?.usedAt ?? now;
    const ms = billing === "request" ? this.terms.ms : Math.min(now - used, idleMs);
    return usdPerRequest + (usdPerSecond * ms) / 1_000;
  }

  get startUsd(): number {
    const { billing, usdPerSecond, coldMs, idleMs } = this.terms.declared.terms;
    return (usdPerSecond * (coldMs + (billing === "instance" ? idleMs : 0))) / 1_000;
  }

  get hasRoom(): boolean {
    return this.springs && this.#alive() < this.most;
  }

  /** Gives it a request, which is worked on or waits. */
  send(request: number, now: number): void {
    if (this.hasFree) this.#begin(request, now);
    else {
      this.#waiting.push(request);
      this.grow(now);
    }
  }

  /** Starts one more, if so many wait that it is worth it. */
  grow(now: number): void {
    const waiting = this.#waiting.length - this.#head;
    if (this.hasRoom && waiting > this.#starting * this.terms.workers * waitingPerStart) this.#start(now);
  }

  /** So many are wanted; of what scales itself, so many at least. */
  order({ count, least, most }: { count?: number; least?: number; most?: number }, now: number): void {
    if (most !== undefined) this.most = most;
    if (least !== undefined) this.least = least;
    if (count !== undefined) this.count = count;
    const wanted = this.springs ? Math.min(this.least, this.most) : this.count;
    while (this.#alive() < wanted) this.#start(now);
    if (!this.springs) this.#shrink(wanted, now);
  }

  /** The run is over: what is up is paid until now. */
  close(now: number): void {
    for (const instance of this.#instances) if (instance.state !== "gone") this.#payFor(instance, now);
  }

  #alive(): number {
    return this.#up + this.#starting;
  }

  #start(now: number): void {
    const instance: Instance = {
      ...{ state: "starting", orderedAt: now, busy: 0, usedAt: now, idleAt: now },
      ...{ busyFrom: now, isWatched: false },
    };
    this.#instances.push(instance);
    this.#starting += 1;
    const coldMs = this.terms.declared.terms.coldMs * lognormal(this.terms.service.coldNoise, this.#cold);
    this.#plan(now + coldMs, (at) => this.#opened(instance, at));
  }

  #opened(instance: Instance, now: number): void {
    if (instance.state !== "starting") return;
    this.#starting -= 1;
    this.#up += 1;
    instance.state = "up";
    if (this.terms.declared.terms.billing === "request") this.#pay(instance.orderedAt, now);
    for (let worker = 0; worker < this.terms.workers; worker += 1) this.#free.push(instance);
    instance.idleAt = now;
    this.#drain(now);
    this.#watchIdle(instance, now);
  }

  #begin(request: number, now: number): void {
    const instance = this.#free.pop();
    if (!instance) return;
    if (instance.busy === 0) instance.busyFrom = now;
    instance.busy += 1;
    instance.usedAt = now;
    this.#payRequest(now);
    const ms = this.#time(instance.busy, now);
    this.busyMs += ms;
    this.#plan(now + ms, (at) => {
      this.#options.answered(request, at);
      this.#ended(instance, at);
    });
  }

  #ended(instance: Instance, now: number): void {
    instance.busy -= 1;
    if (instance.busy === 0) {
      if (this.terms.declared.terms.billing === "request") this.#pay(instance.busyFrom, now);
      instance.idleAt = now;
    }
    if (instance.state === "leaving" && instance.busy === 0) this.#gone(instance, now);
    if (instance.state !== "up") return;
    this.#free.push(instance);
    this.#drain(now);
    this.#watchIdle(instance, now);
  }

  /** Who waits is next, unless it would be too late anyway. */
  #drain(now: number): void {
    const { arrivedAt, sloMs } = this.#options;
    while (this.#head < this.#waiting.length && this.hasFree) {
      const request = this.#waiting[this.#head] ?? 0;
      this.#head += 1;
      if (now - (arrivedAt[request] ?? 0) + slowest * this.terms.ms < sloMs) this.#begin(request, now);
    }
    if (this.#head > 1_024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }

  #watchIdle(instance: Instance, now: number): void {
    if (!this.springs || instance.isWatched || instance.busy > 0) return;
    const { idleMs } = this.terms.declared.terms;
    instance.isWatched = true;
    this.#plan(Math.max(now, instance.idleAt + idleMs), (at) => {
      instance.isWatched = false;
      if (instance.state !== "up" || instance.busy > 0) return;
      const isOver = at - instance.idleAt >= idleMs - 1;
      if (isOver && this.#up > this.least) {
        this.#up -= 1;
        this.#gone(instance, at);
      } else {
        if (isOver) instance.idleAt = at - idleMs + keptForMs;
        this.#watchIdle(instance, at);
      }
    });
  }

  #shrink(wanted: number, now: number): void {
    const rank = { starting: 0, up: 1, leaving: 2, gone: 3 };
    if (this.#alive() <= wanted) return;
    const order = this.#instances
      .filter(({ state }) => state === "starting" || state === "up")
      .sort((a, b) => rank[a.state] - rank[b.state] || a.busy - b.busy);
    for (const instance of order.slice(0, this.#alive() - wanted)) {
      if (instance.state === "starting") this.#starting -= 1;
      else this.#up -= 1;
      instance.state = "leaving";
      if (instance.busy === 0) this.#gone(instance, now);
    }
  }

  #gone(instance: Instance, now: number): void {
    this.#payFor(instance, now);
    instance.state = "gone";
    this.#instances.splice(this.#instances.indexOf(instance), 1);
  }

  #payFor(instance: Instance, now: number): void {
    if (this.terms.declared.terms.billing !== "request") this.#pay(instance.orderedAt, now);
  }

  #pay(from: number, to: number): void {
    const { billed } = this.#options;
    const ms = Math.max(0, Math.min(to, billed.to) - Math.max(from, billed.from));
    this.usd += (ms / 1_000) * this.terms.declared.terms.usdPerSecond;
  }

  #payRequest(now: number): void {
    const { from, to } = this.#options.billed;
    if (now >= from && now < to) this.usd += this.terms.declared.terms.usdPerRequest;
  }

  #plan(at: number, happen: (now: number) => void): void {
    const event: Happening = { place: -1, happen };
    this.#options.events.plan(event, at);
  }
}

/** One that is kept although it is idle is looked at again after so long. */
const keptForMs = 30_000;
