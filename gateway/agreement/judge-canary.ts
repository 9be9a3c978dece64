import { boundsOfMean, boundsOfShare, ranksOfQuantile } from "./bounds.ts";
import type { TrialFacts } from "./trial-facts.ts";

export type CanaryTerms = {
  /** How far the candidate's answers must agree with the incumbent's on average; undefined where they are not compared. */
  readonly minimum: number | undefined;
  /** The share of failures that it may have more. */
  readonly moreErrors?: number;
  /** How many times as long it may take at the quantile, and a time that is short enough however fast the incumbent is. */
  readonly slowerBy?: number;
  readonly fastEnoughMs?: number;
  readonly quantile?: number;
  /** How many times as much an image may cost; undefined where it may cost whatever it does. */
  readonly dearerBy?: number;
  /** How sure a verdict is, over so many looks together. */
  readonly confidence?: number;
  readonly looks?: number;
};

export type Verdict = {
  readonly verdict: "advance" | "hold" | "roll back";
  readonly why: string;
  /** Of both verdicts that move something; to hold claims nothing. */
  readonly confidence: number;
};

export type Trial = { readonly candidate: TrialFacts; readonly incumbent: TrialFacts };

const usual = {
  moreErrors: 0.01,
  slowerBy: 1.25,
  fastEnoughMs: 0,
  quantile: 0.99,
  confidence: 0.95,
  looks: 20,
};

type Terms = CanaryTerms & typeof usual;
type Finding = { readonly is: "good" | "bad" | "open"; readonly why: string };

/**
 * Whether a candidate may have more of the traffic. It goes back as soon as one thing is shown to be worse than the terms
 * allow, and on only when everything is shown to be within them; the chance of error is parted among what is looked at.
 */
export function judgeCanary(trial: Trial, canaryTerms: CanaryTerms): Verdict {
  const terms: Terms = { ...usual, ...canaryTerms };
  const { confidence, looks } = terms;
  const checks = [errorsOf, agreementOf, latencyOf];
  const doubts = Math.log((checks.length * looks) / (1 - confidence));
  const findings = [...checks.map((check) => check(trial, terms, doubts)), moneyOf(trial, terms)];
  const bad = findings.filter(({ is }) => is === "bad");
  const open = findings.filter(({ is }) => is === "open");
  if (bad.length > 0) return { verdict: "roll back", why: told(bad), confidence };
  if (open.length > 0) return { verdict: "hold", why: told(open), confidence };
  return { verdict: "advance", why: told(findings), confidence };
}

const steps = [0.01, 0.1, 1] as const;

/** The part of the traffic that a candidate gets after this one: 1 %, 10 %, all; the least after what is no part. */
export function nextShare(current: number): number {
  return steps.find((share) => !(share <= current)) ?? 1;
}

function told(findings: readonly Finding[]): string {
  return findings.map(({ why }) => why).join("; ");
}

function errorsOf({ candidate, incumbent }: Trial, { moreErrors }: Terms, doubts: number): Finding {
  const own = boundsOfShare(candidate.failed, candidate.asked, doubts);
  const before = boundsOfShare(incumbent.failed, incumbent.asked, doubts);
  const counts = `${candidate.failed} of ${candidate.asked} failed, before ${incumbent.failed} of ${incumbent.asked}`;
  if (own.low > before.high + moreErrors) return { is: "bad", why: `${counts}: more than is allowed` };
  if (own.high <= before.low + moreErrors) return { is: "good", why: counts };
  return { is: "open", why: `${counts}: too few to say that it fails no more than is allowed` };
}

function agreementOf({ candidate }: Trial, { minimum }: Terms, doubts: number): Finding {
  if (minimum === undefined) return { is: "good", why: "answers were not compared" };
  const { compared: samples, agreement: mean, squares } = candidate;
  const bounds = boundsOfMean({ mean, variance: squares / Math.max(1, samples - 1), samples }, doubts);
  const measured = `agreement ${mean.toFixed(3)} over ${samples} images, wanted ${minimum}`;
  if (bounds.high < minimum) return { is: "bad", why: measured };
  if (bounds.low >= minimum) return { is: "good", why: measured };
  return { is: "open", why: `${measured}: not sure yet` };
}

function latencyOf({ candidate, incumbent }: Trial, terms: Terms, doubts: number): Finding {
  const { slowerBy, fastEnoughMs, quantile } = terms;
  const own = timesOf(candidate, quantile, doubts);
  const before = timesOf(incumbent, quantile, doubts);
  const name = `p${Number((100 * quantile).toFixed(3))}`;
  const measured = `${name} ${inMs(own.seen)}, before ${inMs(before.seen)}`;
  const [least, most] = [before.low, before.high].map((ms) => Math.max(fastEnoughMs, slowerBy * ms));
  if (least === undefined || most === undefined) return { is: "open", why: measured };
  if (own.low > most) return { is: "bad", why: `${measured}: slower than is allowed` };
  if (own.high <= least) return { is: "good", why: measured };
  return { is: "open", why: `${measured}: not sure yet` };
}

type Times = { readonly seen: number | undefined; readonly low: number; readonly high: number };

function timesOf({ latency }: TrialFacts, quantile: number, doubts: number): Times {
  const ranks = ranksOfQuantile(quantile, latency.count(), doubts);
  return {
    seen: latency.quantile(quantile),
    low: latency.quantile(ranks.low) ?? 0,
    high: (ranks.high === undefined ? undefined : latency.quantile(ranks.high)) ?? Number.POSITIVE_INFINITY,
  };
}

function inMs(ms: number | undefined): string {
  return ms === undefined ? "unknown" : `${ms.toPrecision(3)} ms`;
}

/** What is dear is not broken: it waits for whoever pays. */
function moneyOf({ candidate, incumbent }: Trial, { dearerBy }: Terms): Finding {
  const [own, before] = [usdEach(candidate), usdEach(incumbent)];
  const measured = `$${inMillion(own)} a million, before $${inMillion(before)}`;
  if (dearerBy === undefined || own <= dearerBy * before) return { is: "good", why: measured };
  return { is: "open", why: `${measured}: dearer than is allowed` };
}

function usdEach({ usd, asked }: TrialFacts): number {
  return asked === 0 ? 0 : usd / asked;
}

function inMillion(usd: number): string {
  return (usd * 1e6).toFixed(2);
}
