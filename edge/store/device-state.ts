import { z } from "zod";
import { artefactTargets } from "#inference/artefacts/artefact.ts";
import { failureCauses } from "#infra/runtime/devices/words.ts";
import { baseline } from "../health/baseline.ts";
import { stretch } from "../health/stretch.ts";

/**
 * All that a device must not forget, in one small file that is replaced as a whole: which model runs, which ran before,
 * which is on trial, below what nothing may go. Switching a model is one such replacement.
 *
 *   nothing --fetched--> trial --self-test held--> active, on probation --health held--> active
 *                          └ failed: quarantined        └ failed: previous is active, it is quarantined
 *
 * What has a default came later, so that a state from before it is read as well; and what a later agent wrote besides is
 * passed over, so that whoever goes back to this one loses nothing else.
 */
const slot = z.object({
  release: z.int().min(1),
  version: z.string(),
  /** Of the model file, which lies under this name on the shelf. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  target: z.enum(artefactTargets),
});

const modelState = z.object({
  active: slot.nullable(),
  /** Kept whole, to fall back to. */
  previous: slot.nullable(),
  /** Counted down before each try, so that what kills the process is not tried for ever. */
  trial: slot.extend({ triesLeft: z.int().min(0) }).nullable(),
  /** Since when the active one is watched, milliseconds since 1970; null when it has held. */
  probation: z
    .object({
      sinceMs: z.int(),
      images: z.int().min(0),
      /** How often the process ended while it computed with this one. */
      deaths: z.int().min(0).default(0),
      /** How often in a row it ended while it opened this one. */
      openings: z.int().min(0).default(0),
      /** What ran before was like; null where nobody knows. */
      before: baseline.nullable().default(null),
      /** The last of the images, as this one answered them. */
      seen: z.array(stretch).max(2).default([]),
    })
    .nullable(),
  /** What the active one was like in lives before this one, once it has held. */
  usual: baseline.nullable().default(null),
  /** The highest release that was ever active. */
  floor: z.int().min(0),
  /** Files never to be tried again here, the newest last; at most 50. */
  quarantined: z
    .array(
      z.object({
        sha256: z.string(),
        release: z.int(),
        cause: z.enum(failureCauses),
        detail: z.string(),
      }),
    )
    .max(50),
  /** Parts per million of the golden answers that the active one met. */
  agreement: z.int().nullable(),
});

export const deviceState = z.object({
  schema: z.literal(1),
  /** One more with each replacement. */
  generation: z.int().min(0),
  models: z.record(z.string(), modelState),
  trust: z.object({
    /** The folder under `trust/` whose lists are the newest verified ones; 0 for none yet. */
    generation: z.int().min(0),
    /** Versions of signed lists by role; nothing below is taken, whatever became of the lists' own files. */
    floors: z.record(z.string(), z.int().min(0)),
    /** The latest moment that something signed proved to have been; milliseconds since 1970. */
    trustedTimeMs: z.int().min(0),
    checkedAtMs: z.int().min(0),
  }),
  identity: z.object({
    device: z.string().nullable(),
    /** Proofs are numbered; up to here numbers may have been used. */
    reservedNumbers: z.int().min(0),
  }),
});

export type Slot = z.output<typeof slot>;
export type ModelState = z.output<typeof modelState>;
export type DeviceState = z.output<typeof deviceState>;

/** The state that lasts, and the only way to change it. */
export type StateStore = AsyncDisposable & {
  readonly state: DeviceState;
  /** One change after the other; whoever awaits it knows that it outlasts a power cut. */
  readonly change: (next: (state: DeviceState) => DeviceState) => Promise<DeviceState>;
};

export const emptyModel: ModelState = {
  active: null,
  previous: null,
  trial: null,
  probation: null,
  usual: null,
  floor: 0,
  quarantined: [],
  agreement: null,
};

export const emptyState: DeviceState = {
  schema: 1,
  generation: 0,
  models: {},
  trust: { generation: 0, floors: {}, trustedTimeMs: 0, checkedAtMs: 0 },
  identity: { device: null, reservedNumbers: 0 },
};
