import { z } from "zod";
import { providerSchema } from "#adapters/registry.ts";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { byteSizeUpTo, durationUpTo } from "#infra/runtime/config/units.ts";

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, dot, dash and underscore");

const withinAnHour = durationUpTo("1h");

const model = z.strictObject({
  /** Where the weights lie; the backends read it, the gateway only names it. */
  source: z.string().min(1),
  task: z.literal("detect").default("detect"),
});

const route = z.strictObject({
  models: z.array(name).min(1),
  /** What a request may take from its last byte in to its first byte out. */
  slo: withinAnHour.default(2_000),
  objective: z.enum(["cost", "balanced", "latency"]).default("balanced"),
  /** Groups of providers in the order in which they are tried. */
  failover: z.array(z.array(name).min(1)).min(1),
});

const limits = z
  .strictObject({
    body: byteSizeUpTo("256MiB").default(20 * 1_048_576),
    /** Slower uploads are cut off, so that a dripping client can't hold memory for long. */
    bodyTimeout: withinAnHour.default(30_000),
    /** Requests in hand at once; beyond it the answer is an immediate 503, since a queue only makes everybody late. */
    inFlight: z.int().min(1).max(100_000).default(256),
    /** What the bodies in hand may take together: many requests of full size would be more than a machine has. */
    bodiesInHand: byteSizeUpTo("1024GiB").default(512 * 1_048_576),
    /** The longest a request may take once its body is here, however generous its route is. */
    requestTimeout: withinAnHour.default(30_000),
  })
  .refine(({ body, bodiesInHand }) => body <= bodiesInHand, {
    path: ["bodiesInHand"],
    error: "expected at least as much as limits.body, or no such body could come in",
  });

export const Config = z
  .strictObject({
    models: z.record(name, model),
    providers: z.record(name, providerSchema),
    routes: z.array(route).min(1),
    limits: limits.prefault({}),
    /** Where keys are: PostgreSQL at DATABASE_URL, or hashes in a file for a gateway that must run without one. */
    records: z.enum(["postgres", "file"]).default("postgres"),
    keysFile: z.string().min(1).default("keys.yaml"),
  })
  .superRefine(namesMeet);

export type Config = z.output<typeof Config>;

/** The one way a `tradewind.yaml` becomes a configuration: whole and checked, or an error that lists every problem. */
export function parseConfig(text: string, { file }: { readonly file: string }): Config {
  return parseYaml(text, Config, { file });
}

type Named = {
  readonly models: Readonly<Record<string, unknown>>;
  readonly providers: Readonly<Record<string, unknown>>;
  readonly routes: readonly {
    readonly models: readonly string[];
    readonly failover: readonly (readonly string[])[];
  }[];
};

type Path = readonly (string | number)[];

/** Every name used is declared, and no model has two routes. */
function namesMeet(config: Named, context: z.RefinementCtx): void {
  const used = config.routes.flatMap((route, index) => namesOf(route, ["routes", index]));
  for (const { kind, name, path } of used) {
    if (Object.hasOwn(config[`${kind}s`], name)) continue;
    context.addIssue({
      code: "custom",
      path: [...path],
      message: `${kind} "${name}" is not declared under ${kind}s`,
    });
  }
  for (const { name, path } of config.routes.flatMap((route, index) =>
    namedTwice(route, ["routes", index]),
  )) {
    context.addIssue({
      code: "custom",
      path: [...path],
      message: `provider "${name}" is in this route already`,
    });
  }
  const routed = used.filter(({ kind }) => kind === "model");
  for (const [index, { name, path }] of routed.entries()) {
    if (routed.findIndex((other) => other.name === name) === index) continue;
    context.addIssue({ code: "custom", path: [...path], message: `model "${name}" has a route already` });
  }
}

/** A provider tried twice would fail twice. */
function namedTwice(route: Named["routes"][number], path: Path): UsedName[] {
  const providers = namesOf(route, path).filter(({ kind }) => kind === "provider");
  return providers.filter(({ name }, place) => providers.findIndex((other) => other.name === name) < place);
}

type UsedName = { readonly kind: "model" | "provider"; readonly name: string; readonly path: Path };

function namesOf({ models, failover }: Named["routes"][number], path: Path): UsedName[] {
  return [
    ...models.map((name, place): UsedName => ({ kind: "model", name, path: [...path, "models", place] })),
    ...failover.flatMap((group, row) =>
      group.map(
        (name, place): UsedName => ({ kind: "provider", name, path: [...path, "failover", row, place] }),
      ),
    ),
  ];
}
