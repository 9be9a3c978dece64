import type { Random } from "../random.ts";
import type { Behaviour, Latency } from "./behaviour.ts";

/** What an image needs to know of its backend at the moment it comes. */
export type Moment = {
  readonly behaviour: Behaviour;
  /** This one included. */
  readonly inFlight: number;
  /** Since the process began. */
  readonly ageMs: number;
  readonly nowMs: number;
  readonly random: Random;
};

/** Tells how long an image takes. Only the law `queue` remembers anything: when each of its workers is free again. */
export function createServiceTimes(): (moment: Moment) => number {
  const freeAt: number[] = [];
  return (moment) => {
    const { latency, slowness, slowStart } = moment.behaviour;
    const extra = slowStart && moment.ageMs < slowStart.forMs ? slowStart.extraMs : 0;
    const service = slowness * alone(latency, moment) + extra;
    return latency.law === "queue" ? queued(freeAt, latency.workers, service, moment.nowMs) : service;
  };
}

function alone(latency: Latency, { inFlight, random }: Moment): number {
  if (latency.law === "constant") return latency.ms;
  if (latency.law === "linear") return latency.baseMs + latency.perInFlightMs * inFlight;
  const median = latency.law === "queue" ? latency.serviceMs : latency.medianMs;
  return median * Math.exp(latency.sigma * normal(random));
}

function queued(freeAt: number[], workers: number, service: number, now: number): number {
  freeAt.length = Math.min(freeAt.length, workers);
  while (freeAt.length < workers) freeAt.push(0);
  const first = freeAt.indexOf(Math.min(...freeAt));
  const done = Math.max(now, freeAt[first] ?? 0) + service;
  freeAt[first] = done;
  return done - now;
}

/** Box and Muller; the first number is kept from 0, whose logarithm has no end. */
function normal(random: Random): number {
  const one = 1 - random.between(0, 1);
  return Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * random.between(0, 1));
}
