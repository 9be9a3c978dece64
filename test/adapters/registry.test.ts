import { expect, test } from "vitest";
import { isAvailable, openProviders, providerSchema, termsOf } from "#adapters/registry.ts";

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

test.each([
  ["ecs", "provisioned"],
  ["cloud-run", "instance"],
  ["app-service", "provisioned"],
  ["container-apps", "instance"],
  ["kubernetes", "provisioned"],
] as const)("the kind %s is billed %s unless it says otherwise", (kind, billing) => {
  expect(termsOf({ kind }).billing).toBe(billing);
  expect(messages({ kind, usdPerHour: 1, anything: "else" })).toEqual([]);
  expect(isAvailable(kind)).toBe(false);
});

test("kinds that do not exist yet may be written down but are refused by name when opened", async () => {
  expect(messages({ kind: "ecs", region: "us-east-1", cluster: "vision" })).toEqual([]);
  const opening = openProviders({ ours: { kind: "ecs" }, burst: { kind: "cloud-run" } });
  await expect(opening).rejects.toThrow(
    "providers not available yet: ours (kind ecs), burst (kind cloud-run)",
  );
});

test("the keys that all kinds share are checked in kinds that do not exist yet too", () => {
  expect(messages({ kind: "ecs", budget: { usdPerHour: 0 }, concurrency: 0 })).toHaveLength(2);
  expect(messages({ kind: "cloud-run" })[0]).toContain("billed by the instance, so it needs a price");
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
