import type { FailureCause, ModelReport } from "#infra/runtime/devices/words.ts";
import { type Gate, noCount, type Progress, type RingCount } from "./rollout.ts";

export const outcomeKinds = ["trying", "succeeded", "hindered", "failed"] as const;

/** What became of a release on one device, as far as it is known. */
export type Outcome = {
  readonly kind: (typeof outcomeKinds)[number];
  /** Of `hindered` and `failed`. */
  readonly cause: FailureCause | null;
  /** Of `succeeded`, in parts per million. */
  readonly agreement: number | null;
};

/** These say nothing of the release: they pass by themselves, or a publisher took it away, which stops its rollout anyway. */
const hindrances: ReadonlySet<FailureCause> = new Set([
  ...(["download_failed", "metadata_expired", "disk_full", "revoked"] as const),
]);

/** What a report says of a release; undefined where it says nothing of it. */
export function outcomeOf(
  { active, wanted, state, failure, agreement }: ModelReport,
  release: number,
): Outcome | undefined {
  if (failure?.release === release && (state === "failed" || state === "fell_back" || state === "built_in"))
    return failed(failure.cause);
  const runs = active?.release === release;
  if (runs && state === "in_sync") return { kind: "succeeded", cause: null, agreement };
  const fetches = wanted === release && (state === "syncing" || state === "built_in");
  const tries = fetches || (runs && state === "probation");
  return tries ? { kind: "trying", cause: null, agreement: null } : undefined;
}

export function sameOutcome(one: Outcome, other: Outcome): boolean {
  return one.kind === other.kind && one.cause === other.cause && one.agreement === other.agreement;
}

/** One device's outcome takes the place of the one before, in the ring where it was counted first. */
export function moveCount(
  progress: Progress,
  { ring, from, to }: { readonly ring: number; readonly from: Outcome | undefined; readonly to: Outcome },
  gate: Pick<Gate, "minAgreement">,
): Progress {
  const before = progress.counts[ring] ?? noCount;
  const after = add(from ? add(before, from, { by: -1, gate }) : before, to, { by: 1, gate });
  return { ...progress, counts: progress.counts.with(ring, after) };
}

function failed(cause: FailureCause): Outcome {
  return { kind: hindrances.has(cause) ? "hindered" : "failed", cause, agreement: null };
}

type Adding = { readonly by: 1 | -1; readonly gate: Pick<Gate, "minAgreement"> };

function add(count: RingCount, { kind, cause, agreement }: Outcome, { by, gate }: Adding): RingCount {
  const told = agreement === null ? 0 : by;
  const low = agreement !== null && agreement < (gate.minAgreement ?? 0) ? by : 0;
  return {
    ...count,
    [kind]: Math.max(0, count[kind] + by),
    ...(cause && { causes: { ...count.causes, [cause]: Math.max(0, (count.causes[cause] ?? 0) + by) } }),
    agreementSum: Math.max(0, count.agreementSum + told * (agreement ?? 0)),
    agreementTold: Math.max(0, count.agreementTold + told),
    agreementLow: Math.max(0, count.agreementLow + low),
  };
}
