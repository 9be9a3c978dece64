import { type Gate, noCount, type Progress, type Ring, type RingCount, ringInWords } from "./rollout.ts";

export type Judgement = {
  readonly verdict: "wait" | "next" | "stop";
  /** With every count that it was made from. */
  readonly why: string;
  readonly enoughSince: number | null;
};

export type Judged = {
  readonly rings: readonly Ring[];
  readonly gate: Gate;
  readonly progress: Progress;
  readonly now: number;
};

/**
 * Whether the next ring may begin. Any ring that was reached may stop the rollout, since a device can fail late; only the
 * one in hand lets it go on.
 */
export function judgeRing({ rings, gate, progress, now }: Judged): Judgement {
  const { ring, counts } = progress;
  for (const place of rings.slice(0, ring + 1).keys()) {
    const fault = faultOf(counts[place] ?? noCount, gate);
    if (fault) return { verdict: "stop", why: say(rings, place, counts, fault), enoughSince: null };
    if (place < ring) continue;
    const { verdict, because, enoughSince } = judgeInHand(counts[place] ?? noCount, {
      ...{ gate, progress, now },
      mayBeEmpty: mayBeEmpty(rings, place),
    });
    return { verdict, why: say(rings, place, counts, because), enoughSince };
  }
  return { verdict: "wait", why: "there is no such ring", enoughSince: null };
}

/** Of so many a ring is judged: of the least, or of all that are there. */
function enough({ live, succeeded, failed }: RingCount, { least }: Gate): number {
  return Math.max(1, Math.min(least, Math.max(live, succeeded + failed)));
}

/**
 * What stops a rollout: failures that the rest of the ring could not make up for, too many of those who tried, or too
 * little agreement. A device may lie, so one alone stops a rollout only where it is more of its ring than may fail.
 */
function faultOf(count: RingCount, gate: Gate): string | undefined {
  const { devices, succeeded, failed } = count;
  const tried = succeeded + failed;
  const most = `more than ${percent(gate.maxFailures)} failed`;
  if (failed / Math.max(1, devices, tried) > gate.maxFailures) return `${most}, whatever the others do`;
  if (tried < enough(count, gate)) return undefined;
  if (failed > 1 && failed / tried > gate.maxFailures) return `${most} of ${tried} that tried`;
  return disagreementOf(count, gate);
}

/** The mean alone would be one device's to sink: more than may fail must have told less than the least as well. */
function disagreementOf(
  { devices, agreementSum, agreementTold, agreementLow }: RingCount,
  { minAgreement, maxFailures }: Gate,
): string | undefined {
  if (minAgreement === null || agreementTold === 0) return undefined;
  const agreement = agreementSum / agreementTold;
  const isOnesWord = agreementLow === 1 && 1 / Math.max(1, devices) <= maxFailures;
  if (agreement >= minAgreement || isOnesWord || agreementLow / agreementTold <= maxFailures)
    return undefined;
  return `agreement ${share(agreement)} is less than ${share(minAgreement)}`;
}

type InHand = Pick<Judged, "gate" | "progress" | "now"> & { readonly mayBeEmpty: boolean };

type Passing = {
  readonly verdict: "wait" | "next";
  readonly because: string;
  readonly enoughSince: number | null;
};

function judgeInHand(count: RingCount, { gate, progress, now, mayBeEmpty: mayBe }: InHand): Passing {
  const { devices, live, succeeded, failed } = count;
  const tried = succeeded + failed;
  if (devices === 0 && tried === 0) {
    if (!mayBe) return waits("no device of this model is in it");
    return { verdict: "next", because: "nobody is in it", enoughSince: null };
  }
  if (live === 0 && tried === 0) return waits("all of its devices are silent");
  const needed = neededOf(count, { gate, waitedMs: now - progress.since });
  if (tried < needed) return waits(`${tried} of at least ${needed} have tried`);
  const since = progress.enoughSince ?? now;
  if (now - since < gate.soakMs) {
    const until = new Date(since + gate.soakMs).toISOString();
    return { verdict: "wait", because: `soaks until ${until}`, enoughSince: since };
  }
  return { verdict: "next", because: "it held", enoughSince: since };
}

/** Whoever did not try in a day, as with a full disk or a lie, is not waited for where more than half of the others did. */
function neededOf(
  count: RingCount,
  { gate, waitedMs }: { readonly gate: Gate; readonly waitedMs: number },
): number {
  const needed = enough(count, gate);
  return waitedMs < dayMs ? needed : Math.min(needed, Math.floor(count.live / 2) + 1);
}

const dayMs = 86_400_000;

/** A small share of few devices has nobody; a label that nobody has is a mistake, and the last ring has somebody one day. */
function mayBeEmpty(rings: readonly Ring[], place: number): boolean {
  const ring = rings[place];
  return place < rings.length - 1 && ring !== undefined && "share" in ring;
}

function waits(because: string): Passing {
  return { verdict: "wait", because, enoughSince: null };
}

function say(rings: readonly Ring[], place: number, counts: readonly RingCount[], because: string): string {
  const ring = rings[place];
  const name = `ring ${place + 1} of ${rings.length}${ring ? ` (${ringInWords(ring)})` : ""}`;
  return `${name}: ${because}; ${countInWords(counts[place] ?? noCount)}`;
}

/** `90 devices, 88 live: 70 in sync, 6 failed (4 self_test_failed, 2 unhealthy), 3 on the way, 1 hindered (disk_full)`. */
export function countInWords(count: RingCount): string {
  const { devices, live, succeeded, failed, trying, hindered, agreementSum, agreementTold } = count;
  const causes = Object.entries(count.causes).filter(([, times]) => times > 0);
  const named = causes.map(([cause, times]) => `${times} ${cause}`).join(", ");
  const told = agreementTold === 0 ? "" : `, agreement ${share(agreementSum / agreementTold)}`;
  const parts = `${succeeded} in sync, ${failed} failed, ${trying} on the way, ${hindered} hindered`;
  return `${devices} devices, ${live} live: ${parts}${named === "" ? "" : ` (${named})`}${told}`;
}

function percent(part: number): string {
  return `${Number((part * 100).toPrecision(4))}%`;
}

function share(ppm: number): string {
  return (ppm / 1_000_000).toFixed(4);
}
