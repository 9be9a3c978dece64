import { z } from "zod";
import { configurationSources } from "../../records/configurations.ts";

/** What the administrators' door takes and gives of configurations; the API's description is made from these. */

const expectedVersion = "expected the number of a version";

const version = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, expectedVersion)
  .transform(Number);

export const versionParams = z.object({ version });

export const historyQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, "expected a number from 1 to 100")
    .transform(Number)
    .refine((most) => most <= 100, { error: "expected a number from 1 to 100" })
    .default(20),
  cursor: version.exactOptional(),
});

export const diffQuery = z.strictObject({
  /** The version before `to`, if none is named. */
  from: version.exactOptional(),
  /** The newest, if none is named. */
  to: version.exactOptional(),
});

export const rollbackBody = z.strictObject({
  /** The one before the newest, if none is named. */
  to: z.int().min(1).exactOptional(),
});

export const ifMatchHeader = z.object({
  "if-match": z
    .string()
    .optional()
    .describe(
      "The ETag of the version that the change starts from; where another is the newest, it is refused.",
    ),
});

const entry = {
  version: z.int(),
  sha256: z.string(),
  source: z
    .enum(configurationSources)
    .describe(
      "A gateway's file, the signal to read it again, a person, or an old version that was taken back",
    ),
  actor: z.string(),
  note: z.string(),
  created_at: z.string(),
};

export const historyAnswer = z.object({
  versions: z.array(z.object(entry)),
  next_cursor: z.string().nullable(),
});

export const versionAnswer = z.object({ ...entry, text: z.string() });

const served = z
  .object({
    version: z.int().describe("0 where it is in no records"),
    sha256: z.string(),
    since: z.string(),
    waits_for_restart: z.array(z.string()).describe("Chapters that a running gateway cannot change"),
    silent_models: z.array(z.string()).describe("Models for which no backend has answered yet"),
  })
  .describe("What the gateway that answers this serves at the moment");

const troubles = z
  .array(
    z.object({
      of: z.enum(["file", "published"]),
      version: z.int().nullable(),
      problem: z.string(),
      since: z.string(),
    }),
  )
  .describe("Why it does not serve something newer, if there is something");

export const configurationAnswer = z.object({ ...entry, text: z.string(), served, troubles });

export const publishedAnswer = z.object({ ...entry, is_new: z.boolean(), served, troubles });
