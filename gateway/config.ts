import { z } from "zod";
import { providerSchema } from "#adapters/registry.ts";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { byteSizeUpTo } from "#infra/runtime/config/units.ts";
import { jwtIssuer } from "./admission/bearer-issuer.ts";
import { edge, edgeNeedsRecords } from "./config/edge.ts";
import { fleet } from "./config/fleet.ts";
import { limits } from "./config/limits.ts";
import { listener } from "./config/listener.ts";
import { named } from "./config/names.ts";
import { namesMeet } from "./config/names-meet.ts";
import { placeForGpu } from "./config/place-for-gpu.ts";
import { route } from "./config/route.ts";

export { namesMeet } from "./config/names-meet.ts";
export type { RouteSettings } from "./config/route.ts";

const model = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe("where the weights lie; the backends read it, the gateway only names it"),
  task: z.enum(["detect", "segment", "pose", "obb", "classify"]).default("detect"),
  gpu: z.boolean().default(false).describe("it runs on a GPU or nowhere"),
});

/** The sections of a `tradewind.yaml`, for files that hold these and more. */
export const configShape = {
  models: named(model),
  providers: named(providerSchema),
  routes: z.array(route).min(1, "expected at least one route").max(1_000),
  fleet: fleet.prefault({}),
  edge,
  limits: limits.prefault({}),
  listeners: z
    .array(listener)
    .max(16)
    .default([])
    .describe("doors beside the public one, which --host and --port open"),
  workers: z
    .union([z.literal("auto"), z.int().min(1).max(128)])
    .default(1)
    .describe("processes that share the port"),
  gateways: z
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe(
      "how many of these share Redis: believed until it has told, so that one that starts without it takes its share",
    ),
  access: z
    .strictObject({ jwt: z.array(jwtIssuer).max(8).default([]) })
    .prefault({})
    .describe("issuers whose tokens are as good as keys"),
  cacheMemory: byteSizeUpTo("64GiB")
    .prefault("64MiB")
    .describe("answers that a gateway keeps in its own memory, before Redis"),
  records: z
    .enum(["postgres", "file"])
    .default("postgres")
    .describe(
      "where keys are: PostgreSQL at DATABASE_URL, or hashes in a file for a gateway that must run without one",
    ),
  keysFile: z.string().min(1).default("keys.yaml"),
};

export const Config = namesMeet(z.strictObject(configShape))
  .superRefine(placeForGpu)
  .superRefine(edgeNeedsRecords);

export type Config = z.output<typeof Config>;

/** The one way a `tradewind.yaml` becomes a configuration: whole and checked, or an error that lists every problem. */
export function parseConfig(text: string, { file }: { readonly file: string }): Config {
  return parseYaml(text, Config, { file });
}
