import { z } from "zod";

/** What a device and the gateway say to each other, beside the signed repository. Both sides check what they hear. */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hex");
const modelName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected a model's name");
const release = z
  .int()
  .min(1)
  .max(2 ** 31);
const word = z.string().min(1).max(100);

/** `dev_` and 26 letters and digits. */
export const deviceId = z.string().regex(/^dev_[0-9a-z]{26}$/, "expected a device's id");

/** An Ed25519 public key as a JWK. */
export const deviceKey = z.strictObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "expected an Ed25519 public key"),
});

/** `POST /edge/v1/enrol`, with a proof by the key it brings. */
export const enrolAsk = z.strictObject({
  /** `<id>.<secret>` of the token; what follows a second dot is for the device: the first root's SHA-256. */
  token: z.string().min(20).max(300),
  key: deviceKey,
  /** What the device is, as it was told to say; never a serial number by itself. */
  hardware: word,
  agent: word,
});

export const enrolAnswer = z.object({
  device: deviceId,
  models: z.array(modelName).max(100),
});

/** `POST /edge/v1/keys`, with a proof by the old key and one by the new: `tradewind-proof` and `tradewind-new-proof`. */
export const rotateAsk = z.strictObject({ key: deviceKey });

export const rotateAnswer = z.object({
  device: deviceId,
  /** Milliseconds since 1970: until then the old key is good as well. */
  bothUntil: z.int().min(0),
});

/** `GET /edge/v1/time`, which needs no proof: milliseconds since 1970 at the gateway. */
export const timeAnswer = z.object({ now: z.int().min(0) });

const listVersion = z.int().min(1);

/** `GET /edge/v1/plan?nonce=`: a compact JWS by the online key over this. */
export const plan = z.object({
  device: deviceId,
  /** The device's own, so that an old plan is none. */
  nonce: z.string().min(16).max(64),
  /** Milliseconds since 1970 at the gateway. */
  at: z.int().min(0),
  /** The device asks again after about so long. */
  pollMs: z.int().min(100).max(86_400_000),
  /**
   * Versions of the newest lists: a device that has these need not ask for them. Whoever signs plans signs the timestamp
   * too, and could as well sign again and again that an old one is the newest: the word gives that key nothing more.
   */
  lists: z.object({ root: listVersion, timestamp: listVersion }).optional(),
  models: z
    .array(
      z.object({
        model: modelName,
        /** What is to run; null leaves what runs as it is. */
        release: release.nullable(),
        /** Why: shown on the device and in its reports. */
        why: z.enum(["rollout", "pinned", "rollback", "paused", "steady"]),
        /** The rollout the reports are counted for. */
        rollout: z.string().max(64).optional(),
      }),
    )
    .max(100),
});

/** Everything that can keep a device from what it is to run; a rollout counts failures by these. */
export const failureCauses = [
  "metadata_refused",
  "metadata_expired",
  "no_artefact",
  "agent_too_old",
  "download_failed",
  "corrupted",
  "disk_full",
  "self_test_failed",
  "self_test_crashed",
  "too_slow",
  "too_large",
  "unhealthy",
  "revoked",
] as const;

export type FailureCause = (typeof failureCauses)[number];

const held = z.object({ release, version: word, sha256 });

export const modelReport = z.object({
  model: modelName,
  active: held.nullable(),
  previous: held.nullable(),
  /** What is on its way or on trial. */
  wanted: release.nullable(),
  state: z.enum(["in_sync", "syncing", "probation", "failed", "fell_back", "built_in", "none"]),
  failure: z.object({ cause: z.enum(failureCauses), release, detail: z.string().max(300) }).nullable(),
  /** Share of the golden answers that the active release repeated here, in parts per million. */
  agreement: z.int().min(0).max(1_000_000).nullable(),
  rollout: z.string().max(64).optional(),
  images: z.int().min(0),
  /** Milliseconds, of what was answered here lately. */
  p95Ms: z.number().min(0).nullable(),
});

/** `POST /edge/v1/report`. */
export const report = z.strictObject({
  agent: word,
  hardware: word,
  target: z.enum(["any", "x64", "x64-no-vnni", "arm64"]),
  /** By the device's clock. */
  at: z.int().min(0),
  clockTrusted: z.boolean(),
  /** Since the signed lists were last found fresh. */
  metadataAgeMs: z.int().min(0).nullable(),
  /** Why updates rest although the device is up: expired lists, a captive portal. */
  trouble: z.string().max(300).nullable(),
  freeBytes: z.int().min(0).nullable(),
  models: z.array(modelReport).max(100),
});

export type DeviceKey = z.output<typeof deviceKey>;
export type EnrolAsk = z.output<typeof enrolAsk>;
export type EnrolAnswer = z.output<typeof enrolAnswer>;
export type Plan = z.output<typeof plan>;
export type PlannedModel = Plan["models"][number];
export type ModelReport = z.output<typeof modelReport>;
export type Report = z.output<typeof report>;
