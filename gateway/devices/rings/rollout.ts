import { z } from "zod";
import { failureCauses } from "#infra/runtime/devices/words.ts";

/**
 * A release of a model on its way to all devices, ring by ring. At most one of a model is running or paused.
 *
 *   running ◀─pause/resume─▶ paused
 *      │ ring ▶ next ring ▶ ... ▶ done ──by hand──▶ rolled back
 *      ├ a ring's failures or agreement, or by hand ▶ stopped
 *      ├ by hand ▶ rolled back
 *      └ a later rollout of the model ▶ superseded
 *
 * Of `stopped` and `rolled back`, devices go back to what ran before; of `superseded`, they keep what they have until the
 * later one reaches them.
 */
export const rolloutStates = ["running", "paused", "done", "stopped", "rolled back", "superseded"] as const;

export type RolloutState = (typeof rolloutStates)[number];

const label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected a label of devices")
  .describe("All devices with this label");

const ring = z.union([
  z.strictObject({
    share: z.number().gt(0).max(1).describe("So much of all devices, with those of the rings before"),
  }),
  z.strictObject({ devices: label }),
]);

export const ringList = z
  .array(ring)
  .min(1, "expected at least one ring")
  .max(20)
  .refine(grows, { error: "expected shares that grow from ring to ring" });

export const gate = z.strictObject({
  least: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe(
      "So many devices of a ring must have tried it before the ring is judged, or all that are there",
    ),
  soakMs: z
    .int()
    .min(0)
    .max(30 * 86_400_000),
  maxFailures: z.number().min(0).max(1).describe("The largest share of a ring's devices that may fail"),
  minAgreement: z
    .int()
    .min(0)
    .max(1_000_000)
    .nullable()
    .describe("The least agreement with the golden answers in the mean of a ring, in parts per million"),
});

export type Ring = z.output<typeof ring>;
export type Gate = z.output<typeof gate>;

export const usualRings: readonly Ring[] = [{ share: 0.01 }, { share: 0.1 }, { share: 0.5 }, { share: 1 }];

export const usualGate: Gate = { least: 20, soakMs: 600_000, maxFailures: 0.05, minAgreement: null };

const count = z.int().min(0);

/** What the devices of one ring, beside those of the rings before it, have reported; each device counts once. */
export const ringCount = z.strictObject({
  /** Of this model, that are not set aside. */
  devices: count,
  /** Of those, that were heard of lately. */
  live: count,
  trying: count,
  succeeded: count,
  /** The network, the disk or the clock was in the way, which says nothing of the release. */
  hindered: count,
  failed: count,
  causes: z.partialRecord(z.enum(failureCauses), count),
  agreementSum: count,
  agreementTold: count,
  /** Of those that told, how many told less than the gate's least. */
  agreementLow: count,
});

export const progress = z.strictObject({
  /** The ring in hand, from 0. */
  ring: count,
  /** Since when, in milliseconds since 1970. */
  since: count,
  /** Since when enough devices of it have tried; null before. */
  enoughSince: count.nullable(),
  counts: z.array(ringCount),
});

export type RingCount = z.output<typeof ringCount>;
export type Progress = z.output<typeof progress>;

export type EdgeRollout = {
  readonly id: string;
  /** Grows with each rollout; the later one counts. */
  readonly order: number;
  readonly model: string;
  readonly release: number;
  readonly rings: readonly Ring[];
  readonly gate: Gate;
  readonly state: RolloutState;
  readonly progress: Progress;
  /** What the ring in hand waits for, or why it ended. */
  readonly why: string;
  readonly actor: string;
  readonly note: string;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
};

export const noCount: RingCount = {
  ...{ devices: 0, live: 0, trying: 0, succeeded: 0, hindered: 0, failed: 0 },
  causes: {},
  ...{ agreementSum: 0, agreementTold: 0, agreementLow: 0 },
};

export function firstProgress(rings: readonly Ring[], now: number): Progress {
  return { ring: 0, since: now, enoughSince: null, counts: rings.map(() => noCount) };
}

export function isActive({ state }: Pick<EdgeRollout, "state">): boolean {
  return state === "running" || state === "paused";
}

/** Whether its devices are to go back to what they ran before. */
export function goesBack({ state }: Pick<EdgeRollout, "state">): boolean {
  return state === "stopped" || state === "rolled back";
}

/** Whether its last ring is everybody; of one that ends before, the others keep what they have. */
export function reachesAll({ rings }: Pick<EdgeRollout, "rings">): boolean {
  return rings.some((one) => "share" in one && one.share === 1);
}

/** `10%`, or the label. */
export function ringInWords(ring: Ring): string {
  return "share" in ring ? `${Number((ring.share * 100).toPrecision(6))}%` : `label ${ring.devices}`;
}

function grows(rings: readonly z.output<typeof ring>[]): boolean {
  const shares = rings.flatMap((one) => ("share" in one ? [one.share] : []));
  return shares.every((share, place) => place === 0 || share > (shares[place - 1] ?? 0));
}
