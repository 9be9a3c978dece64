import { z } from "zod";

/**
 * What the signed list of a repository says of a file beside its length and its hash. Publisher and device share these
 * words. Whole numbers and text only: canonical JSON, over which is signed, has no fractions. What an older agent does
 * not know it passes over, so a new field must be one that may be ignored; `minAgent` is for those that may not.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hex");
const modelName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected a model's name");
const version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, "expected a version");
const releaseNumber = z
  .int()
  .min(1)
  .max(2 ** 31);
const targetPath = z.string().min(1).max(300);
const agentVersion = z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/);
const partsPerMillion = z.int().min(0).max(1_000_000);

/** What computes it: `any` runs on every processor, the others are the quantizer's targets. */
export const artefactTargets = ["any", "x64", "x64-no-vnni", "arm64"] as const;

/** How large a piece is that is checked and fetched anew by itself. */
export const blockBytes = 65_536;

export const modelArtefact = z.object({
  schema: z.literal(1),
  kind: z.literal("model"),
  model: modelName,
  version,
  /** Grows with each release of the model; a device never goes below what it once ran, but for its previous slot. */
  release: releaseNumber,
  precision: z.enum(["fp32", "fp16", "int8"]),
  target: z.enum(artefactTargets),
  minAgent: agentVersion,
  /** What the file takes when it is loaded; a device with less passes it over. */
  memoryMb: z.int().min(1).max(1_048_576),
  golden: z.object({
    path: targetPath,
    /** The least share of the golden answers that must be met. */
    minAgreement: partsPerMillion,
  }),
  /** 32 bytes of SHA-256 for each block of the file, one after the other. */
  blocks: z.object({ path: targetPath, size: z.literal(blockBytes) }),
});

/** Releases nobody may run any longer; lies at `revocationsPath` and says so of itself, so that nothing is fetched. */
export const revocations = z.object({
  schema: z.literal(1),
  kind: z.literal("revocations"),
  model: modelName,
  sha256: z.array(sha256).max(1_000),
  /** Every release under it; 0 for none. */
  below: z
    .int()
    .min(0)
    .max(2 ** 31),
});

export const companion = z.object({ schema: z.literal(1), kind: z.enum(["golden", "blocks"]) });

export const targetCustom = z.discriminatedUnion("kind", [modelArtefact, revocations, companion]);

export type ArtefactTarget = (typeof artefactTargets)[number];
export type ModelArtefact = z.output<typeof modelArtefact>;
export type Revocations = z.output<typeof revocations>;

/** Where a release's files lie in the repository: each model is a family whose keys sign what is under its name. */
export function artefactFolder(of: { model: string; release: number; target: ArtefactTarget }): string {
  return `${of.model}/${of.release}/${of.target}`;
}

export function revocationsPath(model: string): string {
  return `${model}/revocations.json`;
}
