import { createSketch, type Sketch, sketchFromJson } from "./latency-sketch.ts";

/** What one backend did for one model while it was on trial, or beside one that was. */
export type TrialFacts = {
  /** Requests that it was given. */
  asked: number;
  /** Those that it failed. */
  failed: number;
  usd: number;
  /** Images whose answer was held against the other's. */
  compared: number;
  /** Their mean agreement, and the sum of the squares of how far they lie from it. */
  agreement: number;
  squares: number;
  /** Of what it answered. */
  readonly latency: Sketch;
};

export type Outcome = { readonly ms: number; readonly usd: number; readonly failed?: boolean };

export function noFacts(): TrialFacts {
  const counts = { asked: 0, failed: 0, usd: 0, compared: 0, agreement: 0, squares: 0 };
  return { ...counts, latency: createSketch() };
}

export function countOutcome(facts: TrialFacts, { ms, usd, failed = false }: Outcome): void {
  facts.asked += 1;
  if (usd > 0) facts.usd += usd;
  if (failed) facts.failed += 1;
  else facts.latency.add(ms);
}

export function countAgreement(facts: TrialFacts, agreement: number): void {
  if (!(agreement >= 0 && agreement <= 1)) return;
  addAgreements(facts, { compared: 1, agreement, squares: 0 });
}

/** Adds the other's to these; the order in which several are added makes no difference. */
export function mergeFacts(facts: TrialFacts, other: TrialFacts): void {
  facts.asked += other.asked;
  facts.failed += other.failed;
  facts.usd += other.usd;
  addAgreements(facts, other);
  facts.latency.merge(other.latency);
}

/** What JSON makes of facts, read again; undefined where it is anything else. */
export function factsFromJson(json: unknown): TrialFacts | undefined {
  if (typeof json !== "object" || json === null || !("latency" in json)) return undefined;
  const latency = sketchFromJson(json.latency);
  if (!latency) return undefined;
  const facts: TrialFacts = { ...noFacts(), latency };
  for (const name of ["asked", "failed", "usd", "compared", "agreement", "squares"] as const) {
    const value: unknown = Reflect.get(json, name);
    if (typeof value !== "number" || !(value >= 0 && value < Number.POSITIVE_INFINITY)) return undefined;
    facts[name] = value;
  }
  return facts.failed <= facts.asked && facts.agreement <= 1 ? facts : undefined;
}

function addAgreements(
  facts: TrialFacts,
  { compared, agreement, squares }: Pick<TrialFacts, "compared" | "agreement" | "squares">,
): void {
  if (compared === 0) return;
  const all = facts.compared + compared;
  const apart = agreement - facts.agreement;
  facts.squares += squares + (apart * apart * facts.compared * compared) / all;
  facts.agreement += (apart * compared) / all;
  facts.compared = all;
}
