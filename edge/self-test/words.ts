import { z } from "zod";
import type { ModelFile } from "#inference/models/repository.ts";

/** What the agent and the process that tests a release say to each other: one task, one answer. */
export type SelfTestTask = {
  readonly candidate: ModelFile;
  /** The file with the golden images. */
  readonly golden: string;
  /** What answers now, for comparing how long it takes. */
  readonly active: ModelFile | undefined;
  readonly exactQuantized: boolean;
  /** What the candidate may take over what the process took without it. */
  readonly memoryBytes: number;
};

const duration = z.number().min(0);

const measured = z.object({
  kind: z.literal("measured"),
  /** Parts per million of the golden answers. */
  agreement: z.int().min(0).max(1_000_000),
  /** Whether all numbers that came out are numbers. */
  isSound: z.boolean(),
  memoryBytes: z.number(),
  /** Each a measurement of its own. */
  speeds: z
    .array(
      z.object({
        /** Milliseconds for an image with which 95 of 100 are done; null where there is no active one. */
        candidateMs: duration,
        activeMs: duration.nullable(),
        /** How many times as long the candidate takes, by the median of images that both had one after the other. */
        slowdown: duration.nullable(),
      }),
    )
    .max(10),
});

export const selfTestAnswer = z.discriminatedUnion("kind", [
  measured,
  z.object({
    kind: z.literal("refused"),
    cause: z.enum(["self_test_failed", "corrupted"]),
    detail: z.string().max(1_000),
  }),
  z.object({ kind: z.literal("too_large"), memoryBytes: z.number() }),
]);

export type SelfTestMeasured = z.output<typeof measured>;
export type SelfTestAnswer = z.output<typeof selfTestAnswer>;
