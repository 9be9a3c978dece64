import { expect, test } from "vitest";
import { openProviders, providerSchema } from "#adapters/registry.ts";

const messages = (given: unknown): string[] =>
  providerSchema.safeParse(given).error?.issues.map(({ message }) => message) ?? [];

test("a static provider's addresses are its endpoints", async () => {
  const providers = await openProviders({
    here: { kind: "static", urls: ["http://127.0.0.1:1", "http://127.0.0.1:2"] } as never,
  });
  const here = providers.get("here");
  expect((await here?.discover({ signal: AbortSignal.timeout(1) }))?.map(({ url }) => url)).toEqual([
    "http://127.0.0.1:1",
    "http://127.0.0.1:2",
  ]);
  expect(here?.billing).toEqual({ kind: "provisioned", usdPerRequest: 0 });
  await here?.close();
  await here?.close();
});

test("kinds that do not exist yet may be written down but are refused by name when opened", async () => {
  expect(messages({ kind: "ecs", region: "us-east-1", cluster: "vision" })).toEqual([]);
  const opening = openProviders({ ours: { kind: "ecs" }, burst: { kind: "cloud-run" } });
  await expect(opening).rejects.toThrow(
    "providers not available yet: ours (kind ecs), burst (kind cloud-run)",
  );
});

test("a kind that nobody plans is a mistake, named with what there is", () => {
  expect(messages({ kind: "esc" })[0]).toMatch(/^unknown kind "esc", expected one of static, ecs, /);
  expect(messages({ kind: "constructor" })[0]).toContain('unknown kind "constructor"');
});

test("a provider's own settings are checked strictly", () => {
  expect(messages({ kind: "static", urls: ["ftp://x"], usdPerRequest: -1, colour: "red" })).toHaveLength(3);
  expect(messages({ kind: "static", urls: [] })).toHaveLength(1);
});
