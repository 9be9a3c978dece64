import type { Terms } from "#adapters/terms.ts";
import type { ServiceSettings } from "./fleet-settings.ts";
import type { Drift, Law, MeasuredLevel, ServiceTerms } from "./simulated-fleet.ts";

/** Where nobody has said how fast a backend is. */
const unknownSpeed = { baseMs: 50, perInFlightMs: 25 };

/** How a backend really is, as a fleet file says it, and as it is declared to the dispatch where the file says nothing. */
export function serviceOf(
  settings: ServiceSettings,
  terms: Terms,
  measured: ReadonlyMap<string, readonly MeasuredLevel[]>,
): ServiceTerms {
  const { noise, outliers, drift, rttMs, jitter, mbitPerS, perInstance = terms.perInstance } = settings;
  const { mostInstances = Math.max(1, Math.ceil(terms.mostInFlight / perInstance)) } = settings;
  const { instances, queue, retryAfter, coldNoise, stopsOnAbort } = settings;
  return {
    law: lawOf(settings.law, terms, measured),
    variation: { noise, ...(outliers && { outliers }), ...(drift && { drift: driftOf(drift) }) },
    network: { rttMs, jitter, bytesPerMs: (mbitPerS * 1e6) / 8 / 1_000 },
    ...{ instances, mostInstances, perInstance, queue, coldNoise, stopsOnAbort },
    retryAfterMs: retryAfter,
  };
}

function lawOf(
  law: ServiceSettings["law"],
  { prior }: Terms,
  measured: ReadonlyMap<string, readonly MeasuredLevel[]>,
): Law {
  if (!law) return { kind: "linear", ...(prior ?? unknownSpeed) };
  if (law.kind !== "samples") return law;
  const levels = measured.get(law.measured) ?? [];
  const scaled = levels.map(({ concurrency, ms }) => ({
    concurrency,
    ms: ms.map((each) => each * law.factor),
  }));
  return { kind: "samples", levels: scaled };
}

function driftOf(drift: NonNullable<ServiceSettings["drift"]>): Drift {
  if (drift.kind === "sine") return { kind: "sine", periodMs: drift.period, share: drift.share };
  return { kind: "walk", backMs: drift.back, deviation: drift.deviation };
}
