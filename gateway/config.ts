import { z } from "zod";
import { providerSchema } from "#adapters/registry.ts";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { byteSizeUpTo, durationUpTo } from "#infra/runtime/config/units.ts";
import { jwtIssuer } from "./admission/bearer-issuer.ts";
import { isHostRule } from "./bodies/image-address.ts";

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, dot, dash and underscore");

const withinAnHour = durationUpTo("1h");

const model = z.strictObject({
  /** Where the weights lie; the backends read it, the gateway only names it. */
  source: z.string().min(1),
  task: z.enum(["detect", "segment", "pose", "obb", "classify"]).default("detect"),
});

const cached = z.strictObject({
  ttl: durationUpTo("30d").default(3_600_000),
  /** For so long after that an old answer is given at once, while a new one is made. */
  stale: durationUpTo("30d").default(600_000),
  /** `content` leaves metadata out, so that a copy with another EXIF block is found. */
  digest: z.enum(["bytes", "content"]).default("bytes"),
  /** Precisions whose answers may stand for each other; usually only what answers is what is found. */
  equivalent: z
    .array(z.enum(["fp32", "fp16", "int8"]))
    .max(3)
    .default([]),
});

const prepared = z.strictObject({
  /** Cuts out where and with what a picture was taken before it leaves; orientation and colours stay. */
  strip: z.boolean().default(true),
  downscale: z.enum(["never", "auto", "always"]).default("never"),
  /** What `auto` compares: the way to the backend, and what it costs to leave this cloud. */
  uploadMbitPerS: z.number().positive().default(200),
  egressUsdPerGb: z.number().min(0).default(0),
});

const hostRule = "expected a host such as images.example.com, *.example.com, or * for any public one";

const route = z.strictObject({
  models: z.array(name).min(1),
  /** What a request may take from its last byte in to its first byte out. */
  slo: withinAnHour.default(2_000),
  objective: z.enum(["cost", "balanced", "latency"]).default("balanced"),
  /** Groups of providers in the order in which they are tried. */
  failover: z.array(z.array(name).min(1)).min(1),
  cache: z.union([z.literal("off").transform(() => undefined), cached]).prefault({}),
  prepare: prepared.prefault({}),
  /** What counts while Redis does not answer: this gateway's share, nothing, or nobody comes in. */
  whenRedisIsAway: z.enum(["local", "open", "closed"]).default("local"),
  /** Requests that a gateway takes from a limit at once, to spend them on answers it has in memory. */
  lease: z.int().min(0).max(1_000).default(0),
  /** Hosts whose images are fetched for callers that send an address; none unless they are listed. */
  fetchFrom: z.array(z.string().max(255).refine(isHostRule, hostRule)).max(100).default([]),
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
    /** More pixels than this are refused before they are sent anywhere. */
    pixels: z.int().min(1).max(1_000_000_000).default(50_000_000),
  })
  .refine(({ body, bodiesInHand }) => body <= bodiesInHand, {
    path: ["bodiesInHand"],
    error: "expected at least as much as limits.body, or no such body could come in",
  });

/** As a Host header has it, without a port. */
const hostName = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/,
    "expected the name of a host, without a port",
  );

const listener = z
  .strictObject({
    address: z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, "expected HOST:PORT"),
    /** Who comes in here belongs to this tenant and needs no key: for addresses that only its machines reach. */
    tenant: name.optional(),
    /** Names by which it is reached without a key, beside its address and localhost: a page can have any other one lead here. */
    hosts: z.array(hostName).max(32).default([]),
    /** The administrators' door; with one of these the public door does not lead to them. */
    admin: z.boolean().default(false),
  })
  .refine(({ tenant, admin }) => tenant === undefined || !admin, {
    path: ["tenant"],
    error: "an administrators' door wants keys, so it cannot stand for a tenant",
  })
  .refine(({ tenant, hosts }) => tenant !== undefined || hosts.length === 0, {
    path: ["hosts"],
    error: "only a door that stands for a tenant asks by which name it is reached",
  });

export const Config = z
  .strictObject({
    models: z.record(name, model),
    providers: z.record(name, providerSchema),
    routes: z.array(route).min(1),
    limits: limits.prefault({}),
    /** Doors beside the public one, which --host and --port open. */
    listeners: z.array(listener).max(16).default([]),
    /** Processes that share the port. */
    workers: z.union([z.literal("auto"), z.int().min(1).max(128)]).default(1),
    /** How many of these share Redis: believed until it has told, so that one that starts without it takes its share. */
    gateways: z.int().min(1).max(1_000).default(1),
    /** Issuers whose tokens are as good as keys. */
    access: z.strictObject({ jwt: z.array(jwtIssuer).max(8).default([]) }).prefault({}),
    /** Answers that a gateway keeps in its own memory, before Redis. */
    cacheMemory: byteSizeUpTo("64GiB").default(64 * 1_048_576),
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
