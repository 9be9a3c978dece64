import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";

const instances = z.int().min(0).max(10_000);

/** The keys that all kinds share whose backends can be more or fewer, to be spread into each one's own. */
export const controlShape = {
  revision: z
    .enum(["stable", "candidate"])
    .default("stable")
    .describe("what answers, or what stands beside it and is to answer after it"),
  scale: z
    .strictObject({
      least: instances.default(0),
      most: instances.default(1),
      coolDown: durationUpTo("1d")
        .prefault("5m")
        .describe("for so long after a change nothing is taken away again"),
    })
    .meta({ id: "scale" })
    .optional()
    .describe("between how many instances `tradewind fleet` may choose; without it, it changes nothing here"),
};

export type ControlSettings = z.output<z.ZodObject<typeof controlShape>>;
