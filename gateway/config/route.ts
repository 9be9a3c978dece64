import { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { isHostRule } from "../bodies/image-address.ts";
import { dispatchShape, failover, objective, overrides } from "./dispatch.ts";
import { recordOf } from "./lenient.ts";
import { name, withinAnHour } from "./names.ts";
import { wordOr } from "./word-or.ts";

const cached = z.strictObject({
  ttl: durationUpTo("30d").prefault("1h"),
  stale: durationUpTo("30d")
    .prefault("10m")
    .describe("for so long after that an old answer is given at once, while a new one is made"),
  digest: z
    .enum(["bytes", "content"])
    .default("bytes")
    .describe("`content` leaves metadata out, so that a copy with another EXIF block is found"),
  equivalent: z
    .array(z.enum(["fp32", "fp16", "int8"]))
    .max(3)
    .default([])
    .describe(
      "precisions whose answers may stand for each other; otherwise only what answers is what is found",
    ),
});

const uncached = z
  .literal("off", { error: 'expected "off", or settings in its place' })
  .transform(() => undefined);

const prepared = z.strictObject({
  strip: z
    .boolean()
    .default(true)
    .describe(
      "cuts out where and with what a picture was taken before it leaves; orientation and colours stay",
    ),
  downscale: z.enum(["never", "auto", "always"]).default("never"),
  uploadMbitPerS: z
    .number()
    .positive()
    .default(200)
    .describe("what `auto` compares: the way to the backend, and what it costs to leave this cloud"),
  egressUsdPerGb: z.number().min(0).default(0),
});

const hostRule = "expected a host such as images.example.com, *.example.com, or * for any public one";

export const route = z
  .strictObject({
    models: z.array(name).min(1, "expected at least one model").max(1_000),
    slo: withinAnHour
      .prefault("2s")
      .describe("what a request may take from its last byte in to its first byte out"),
    objective: objective.default("balanced"),
    failover,
    ...dispatchShape,
    overrides,
    cache: wordOr(uncached, cached).prefault({}),
    prepare: prepared.prefault({}),
    whenRedisIsAway: z
      .enum(["local", "open", "closed"])
      .default("local")
      .describe("what counts while Redis does not answer: this gateway's share, nothing, or nobody comes in"),
    lease: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        "requests that a gateway takes from a limit at once, to spend them on answers it has in memory",
      ),
    fetchFrom: z
      .array(z.string().max(255).refine(isHostRule, hostRule))
      .max(100)
      .default([])
      .describe(
        "hosts whose images are fetched for callers that send an address; none unless they are listed",
      ),
  })
  .superRefine(restsGrow, besideOthers);

export type RouteSettings = z.output<typeof route>;

/** The longest rest is at least as long as the first, also where one model wants another. */
function restsGrow(settings: unknown, context: z.core.$RefinementCtx): void {
  const { eject, overrides } = recordOf(settings);
  const check = (rests: unknown, path: readonly string[]): void => {
    const { base, most } = recordOf(rests);
    if (typeof base !== "number" || typeof most !== "number" || base <= most) return;
    const message = `the longest rest of ${most} ms is shorter than the first one of ${base} ms`;
    context.addIssue({ code: "custom", path: [...path], message });
  };
  check(eject, ["eject"]);
  for (const [model, wanted] of Object.entries(recordOf(overrides))) {
    const own = recordOf(wanted).eject;
    if (own !== undefined) check({ ...recordOf(eject), ...recordOf(own) }, ["overrides", model, "eject"]);
  }
}
