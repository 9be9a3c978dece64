import { expect, test } from "vitest";
import { permissionsOf } from "#adapters/controls.ts";
import { capabilitiesOf, type KindName, openProviders, providerSchema, termsOf } from "#adapters/registry.ts";

const subscription = "00000000-0000-0000-0000-000000000000";

const messages = (given: unknown): string[] =>
  providerSchema.safeParse(given).error?.issues.map(({ message }) => message) ?? [];

test("a static provider's addresses are its endpoints", async () => {
  const given = { kind: "static", urls: ["http://127.0.0.1:1", "http://127.0.0.1:2"], idle: "5m" };
  const providers = await openProviders({ here: providerSchema.parse(given) });
  const here = providers.get("here");
  expect((await here?.discover({ signal: AbortSignal.timeout(1) }))?.map(({ url }) => url)).toEqual([
    "http://127.0.0.1:1",
    "http://127.0.0.1:2",
  ]);
  expect(here?.terms).toMatchObject({ billing: "provisioned", usdPerRequest: 0, idleMs: 300_000 });
  await here?.close();
  await here?.close();
});

test("a static provider with a price for each request is billed by the request, and is there before anybody asks", () => {
  const terms = termsOf({ kind: "static", usdPerRequest: 0.000_02 });
  expect(terms).toMatchObject({ billing: "request", usdPerRequest: 0.000_02, coldMs: 0 });
  expect(termsOf({ kind: "static", usdPerRequest: 0 }).billing).toBe("provisioned");
});

/** What each kind cannot do without. */
const least = {
  static: { urls: ["http://127.0.0.1:1"] },
  ecs: { region: "us-east-1", cluster: "vision", service: "detector" },
  "cloud-run": { project: "acme-vision", region: "us-central1", service: "detector" },
  "app-service": { subscription, resourceGroup: "vision", region: "eastus", app: "detector", plan: "vision" },
  "container-apps": { subscription, resourceGroup: "vision", region: "eastus", app: "detector" },
  kubernetes: { namespace: "vision", service: "detector" },
} satisfies Record<KindName, object>;

const kinds = Object.entries(least).map(([kind, given]) => ({ kind: kind as KindName, given }));

test.each(kinds)(
  "a provider of kind $kind needs what finds it, and nothing else but a price",
  ({ kind, given }) => {
    const whole = { kind, ...given, usdPerHour: 1 };
    expect(messages(whole)).toEqual([]);
    for (const key of Object.keys(given)) {
      const { [key]: _left, ...without } = whole as Record<string, unknown>;
      expect(messages(without), key).toHaveLength(1);
    }
  },
);

test.each(kinds)(
  "a provider of kind $kind has no keys that nobody knows, and shared ones are checked",
  ({ kind, given }) => {
    const whole = { kind, ...given, usdPerHour: 1 };
    expect(messages({ ...whole, anything: "else" })).toEqual([expect.stringContaining("anything")]);
    expect(messages({ ...whole, budget: { usdPerHour: 0 }, concurrency: 0 })).toHaveLength(2);
  },
);

test.each([
  ["static", "provisioned"],
  ["ecs", "provisioned"],
  ["cloud-run", "instance"],
  ["app-service", "provisioned"],
  ["container-apps", "instance"],
  ["kubernetes", "provisioned"],
] as const)("the kind %s is billed %s unless it says otherwise", (kind, billing) => {
  expect(termsOf({ kind }).billing).toBe(billing);
});

test.each(kinds)(
  "a provider of kind $kind without a price is refused where money decides",
  ({ kind, given }) => {
    const message = "billed by the instance, so it needs a price: give price, usdPerHour or usdPerSecond";
    const byInstance = { kind, ...given, billing: "instance" };
    expect(messages(byInstance)).toEqual([message]);
    for (const price of [{ usdPerHour: 1 }, { usdPerSecond: 0.001 }, { price: "aws/g4dn.xlarge/us-east-1" }])
      expect(messages({ ...byInstance, ...price })).toEqual([]);
    const unknown = { ...byInstance, price: "aws/g6.xlarge/us-east-1" };
    expect(messages(unknown)[0]).toContain("the price book knows no price for aws/g6.xlarge/us-east-1");
    expect(messages({ ...unknown, usdPerHour: 0.8 })).toEqual([]);
  },
);

test.each(kinds)("what a provider of kind $kind can do is told without opening it", ({ kind, given }) => {
  const settings = providerSchema.parse({ kind, ...given, usdPerHour: 1 });
  const { domain, gpuLack = "none" } = capabilitiesOf(settings);
  expect(domain).not.toBe("");
  expect(gpuLack).not.toBe("");
});

test("a configuration with a provider that cannot be opened names it, and opens none", async () => {
  const urls = ["http://127.0.0.1:1"];
  const here = providerSchema.parse({ kind: "static", urls });
  const there = providerSchema.parse({ kind: "static", urls, bearer: { env: "NOT_SET" } });
  await expect(openProviders({ here, there })).rejects.toThrow(
    "providers.there: the variable NOT_SET holds no secret",
  );
});

test("the list of those that may change clouds has the kinds of those that may only call", async () => {
  for (const { kind } of kinds) {
    const { gateway, fleet } = await permissionsOf(kind);
    expect(new Set([...gateway, ...fleet]).size, kind).toBe(gateway.length + fleet.length);
  }
});

test("a kind that nobody plans is a mistake, named with what there is", () => {
  expect(messages({ kind: "esc" })).toEqual([
    'unknown kind "esc", expected one of static, ecs, cloud-run, app-service, container-apps, kubernetes',
  ]);
  expect(messages({ kind: "constructor" })[0]).toContain('unknown kind "constructor"');
  expect(messages({ urls: [] })[0]).toMatch(/^no kind, expected one of static, /);
  expect(messages("static")).toHaveLength(1);
});

test("a provider's own settings are checked strictly", () => {
  expect(messages({ kind: "static", urls: ["ftp://x"], usdPerRequest: -1, colour: "red" })).toHaveLength(3);
  expect(messages({ kind: "static", urls: [] })).toHaveLength(1);
});
