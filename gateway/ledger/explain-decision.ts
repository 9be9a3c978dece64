import type { Candidate, Decision, TryMade } from "./decision.ts";

/** A choice is as safe as another while it is late less often than this. */
const rarelyLate = 0.1;

/**
 * A decision in the few words of a header (RFC 9651): who answered and why it was asked, what was foreseen and how often
 * somebody was asked. Dollars are those of a million such requests, since a single one's have too many zeros for the form.
 */
export function explainDecision(decision: Decision): string {
  const { tries, outcome } = decision;
  const made = tries.find(({ backend }) => backend === outcome.answeredBy) ?? tries.at(-1);
  const parts = [
    name(made?.backend ?? "none"),
    `why=${quoted(made ? whyAsked(made, decision) : reasonOf(decision))}`,
    ...(made ? [`predicted=${decimal(made.predictedMs)}`] : []),
    `usd-per-million=${decimal(outcome.spentUsd * 1e6)}`,
    `tries=${tries.length}`,
    ...(outcome.missed ? ["missed"] : []),
    ...(outcome.code === undefined ? [] : [`failed=${quoted(outcome.code)}`]),
  ];
  return parts.join(";");
}

/** Why the one that was asked first was asked first. */
export function reasonOf({ candidates, tries, deadlineMs }: Decision): string {
  const first = tries[0];
  if (!first) return "nobody could be asked";
  if (first.verdict === "chosen as canary") return "tried out with a share of the requests";
  if (first.verdict === "chosen in panic") return "everyone rests or is full";
  const chosen = candidates.find(({ backend }) => backend === first.backend);
  const others = candidates.filter((one) => one !== chosen && mightHaveBeen(one));
  if (!chosen || others.length === 0) return "nobody else could be asked";
  const inTime = others.filter((one) => isInTime(one, deadlineMs));
  if (!isInTime(chosen, deadlineMs))
    return inTime.length > 0 ? "worth the risk of being late" : "nobody is sure to be in time";
  if (inTime.length === 0) return "alone in time";
  if (isLeast(chosen, inTime, "costUsd")) return "cheapest in time";
  if (isLeast(chosen, inTime, "predictedMs")) return "fastest";
  if (isLeast(chosen, inTime, "missChance")) return "least likely to be late";
  return "best of price, wait and risk";
}

/** What was thought, why, and what came of it, in two sentences. */
export function tellDecision(decision: Decision): string {
  return `${toldChoice(decision)} ${toldOutcome(decision)}`;
}

export function isInTime({ missChance, predictedMs = 0 }: Candidate, deadlineMs: number): boolean {
  return missChance === undefined ? predictedMs <= deadlineMs : missChance <= rarelyLate;
}

/** Whether it was weighed, and only lost. */
export function mightHaveBeen({ verdict }: Candidate): boolean {
  return verdict === "lost on score" || verdict === "dearer than the best could be";
}

/** Dollars for a million of what costs so much, as a person writes them. */
export function perMillion(usd: number): string {
  const dollars = usd * 1e6;
  return `$${dollars !== 0 && Math.abs(dollars) < 0.01 ? dollars.toPrecision(1) : dollars.toFixed(2)}`;
}

function whyAsked({ kind }: TryMade, decision: Decision): string {
  if (kind === "hedge") return "second copy of a slow one";
  return kind === "retry" ? "tried again elsewhere" : reasonOf(decision);
}

function toldChoice(decision: Decision): string {
  const { tries, outcome, deadlineMs } = decision;
  const [first] = tries;
  if (!first) return "Nobody could be asked.";
  const expected = `${Math.round(first.predictedMs)} ms of ${Math.round(deadlineMs)} were expected`;
  const price = `${perMillion(first.costUsd)} per 1M`;
  const choice = `${first.backend} was asked first (${reasonOf(decision)}): ${expected}, at ${price}`;
  const { cheapestOtherUsd: cheapest, dearestOtherUsd: dearest } = outcome;
  if (cheapest === undefined || dearest === undefined)
    return `${choice}, and no other was likely to be in time.`;
  const range =
    cheapest === dearest ? perMillion(cheapest) : `${perMillion(cheapest)} to ${perMillion(dearest)}`;
  return `${choice}; others in time would have cost ${range}.`;
}

function toldOutcome({ tries, outcome }: Decision): string {
  const { answeredBy, code = "no answer", totalMs, missed } = outcome;
  const hedges = tries.filter(({ kind }) => kind === "hedge").length;
  const retries = tries.filter(({ kind }) => kind === "retry").length;
  const more = [
    ...(hedges > 0 ? [`${hedges} sent as a second copy`] : []),
    ...(retries > 0 ? [`${retries} tried again elsewhere`] : []),
  ];
  const end = answeredBy === undefined ? `It failed with ${code}` : `${answeredBy} answered`;
  const late = missed ? ", and that was too late" : ", in time";
  const how = more.length > 0 ? ` (${more.join(", ")})` : "";
  return `${end} after ${Math.round(totalMs)} ms${how}${answeredBy === undefined ? "" : late}.`;
}

function isLeast(
  chosen: Candidate,
  others: readonly Candidate[],
  what: "costUsd" | "predictedMs" | "missChance",
): boolean {
  const own = chosen[what] ?? Number.POSITIVE_INFINITY;
  return others.every((other) => own <= (other[what] ?? Number.POSITIVE_INFINITY));
}

/** A token where the name is one, else a string. */
function name(text: string): string {
  return /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]{0,127}$/.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  const plain = text.slice(0, 128).replaceAll(/[^\x20-\x7e]/g, "?");
  return `"${plain.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Three digits behind the point and twelve before it are what the form allows. */
function decimal(number: number): string {
  const bounded = Math.min(999_999_999_999, Math.max(0, Number.isFinite(number) ? number : 0));
  return bounded.toFixed(3).replace(/\.?0+$/, "") || "0";
}
