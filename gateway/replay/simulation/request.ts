import type { Chance } from "#infra/runtime/chance.ts";
import type { Lane, Pool } from "../../dispatch/pool.ts";
import { type Doer, type Ending, Pursuit } from "../../dispatch/pursuit.ts";
import type { Try } from "../../dispatch/try.ts";
import type { Policy } from "../policy.ts";
import type { SimulatedBackend } from "./backend.ts";
import type { EventQueue, Happening } from "./event-queue.ts";
import { type Home, Journey } from "./journey.ts";
import { countAnswered, countEnded, countSent, type Recorder } from "./recorder.ts";

/** One gateway of a run. */
export type SimulatedGateway = {
  readonly pool: Pool;
  readonly policy: Policy;
  readonly chance: Chance;
  /** By their place in the pool; all gateways have the same. */
  readonly backends: readonly SimulatedBackend[];
  readonly events: EventQueue;
  readonly recorder: Recorder;
  /** From when on nobody waits for an answer any more. */
  readonly timeoutMs: number;
  readonly open: { requests: number };
};

/** A request is begun with its number in the trace and the size of its image. */
export function beginRequest(gateway: SimulatedGateway, number: number, bytes: number): void {
  new SimulatedRequest(gateway, number, bytes).begin();
}

/**
 * Carries out in virtual time what a pursuit decides. It is in one of these states:
 *
 *   OPEN   the pursuit goes on
 *   ENDED  answered, failed or given up; tries that are still out only report back
 */
class SimulatedRequest implements Doer, Happening, Home {
  place = -1;
  readonly #gateway: SimulatedGateway;
  readonly #number: number;
  readonly #bytes: number;
  readonly #cameAt: number;
  readonly #pursuit: Pursuit;
  readonly #journeys: Journey[] = [];
  #ended = false;

  constructor(gateway: SimulatedGateway, number: number, bytes: number) {
    const { pool, policy, chance, events } = gateway;
    this.#gateway = gateway;
    this.#number = number;
    this.#bytes = bytes;
    this.#cameAt = events.now;
    const { choose, hedges, wakes, isWorthIt } = policy;
    const deadlineAt = events.now + pool.terms.sloMs;
    const options = { pool, choose, doer: this, chance, bytes, deadlineAt, mayHedge: hedges, wakes };
    this.#pursuit = new Pursuit(isWorthIt ? { ...options, isWorthIt } : options);
  }

  begin(): void {
    const { open, events } = this.#gateway;
    open.requests += 1;
    this.#pursuit.begin(events.now);
  }

  send(made: Try): void {
    const { backends, events, policy, recorder } = this.#gateway;
    const to = backends[made.lane.place];
    if (!to) return;
    if (this.#counts) countSent(made, recorder);
    policy.sent?.(made, events.now);
    const journey = new Journey({ to, home: this, made, bytes: this.#bytes });
    this.#journeys.push(journey);
    to.send(journey, events.now);
  }

  abort(made: Try): void {
    const journey = this.#journeys.find((one) => one.made === made);
    if (journey) this.#gateway.backends[made.lane.place]?.abandon(journey, this.#gateway.events.now);
    this.#tellEnded(made);
  }

  callAt(at: number): void {
    if (!this.#ended) this.#gateway.events.plan(this, Math.min(at, this.#cameAt + this.#gateway.timeoutMs));
  }

  wake(lane: Lane, requests: number): void {
    const { backends, events, recorder } = this.#gateway;
    const to = backends[lane.place];
    const counts = recorder.lanes[lane.place];
    if (!to) return;
    if (counts && this.#counts) counts.wakes += 1;
    const home = new Waking(lane, { sentAt: events.now, requests });
    for (let sent = 0; sent < requests; sent += 1)
      to.send(new Journey({ to, home, made: undefined, bytes: 0 }), events.now);
  }

  end(ending: Ending): void {
    const { recorder, pool, events } = this.#gateway;
    if (ending.kind === "answered") {
      const ms = events.now - this.#cameAt;
      recorder.latencyMs[this.#number] = ms;
      if (this.#counts) countAnswered(ending.by, ms > pool.terms.sloMs, recorder);
    } else if (!ending.last && this.#counts) recorder.noLane += 1;
    this.#over();
  }

  /** It is time to look, or to give up. */
  happen(now: number): void {
    const giveUpAt = this.#cameAt + this.#gateway.timeoutMs;
    if (now < giveUpAt) {
      this.#pursuit.onTime(now);
      if (!this.#ended && this.place < 0) this.#gateway.events.plan(this, giveUpAt);
      return;
    }
    this.#pursuit.giveUp(now);
    if (this.#counts) this.#gateway.recorder.gaveUp += 1;
    this.#over();
  }

  came(journey: Journey, now: number): void {
    const { made, failure } = journey;
    if (made?.state !== "out") return;
    if (failure) this.#pursuit.failed(made, failure, now);
    else this.#pursuit.answered(made, now);
    this.#tellEnded(made);
  }

  get #counts(): boolean {
    return this.#number >= this.#gateway.recorder.from;
  }

  #tellEnded(made: Try): void {
    const { policy, events, recorder } = this.#gateway;
    if (this.#counts) countEnded(made, recorder);
    policy.ended?.(made, events.now);
  }

  #over(): void {
    this.#ended = true;
    this.#gateway.open.requests -= 1;
    this.#gateway.events.cancel(this);
  }
}

/**
 * Requests that only wake. They are in one of these states:
 *
 *   WAITING  not all of them have come back
 *   OVER     all did: there is room for as many, or somebody could not be woken
 */
class Waking implements Home {
  readonly #lane: Lane;
  readonly #sentAt: number;
  readonly #requests: number;
  #left: number;
  #hasFailed = false;

  constructor(lane: Lane, { sentAt, requests }: { readonly sentAt: number; readonly requests: number }) {
    this.#lane = lane;
    this.#sentAt = sentAt;
    this.#requests = requests;
    this.#left = requests;
  }

  came({ failure }: Journey, now: number): void {
    this.#left -= 1;
    this.#hasFailed ||= failure !== undefined;
    if (this.#left > 0) return;
    const { warmth, breaker } = this.#lane.standing;
    if (this.#hasFailed) breaker.failed(now);
    else warmth.woke(now, this.#requests, now - this.#sentAt);
  }
}
