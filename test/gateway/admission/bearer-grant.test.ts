import { beforeAll, expect, test } from "vitest";
import { jwtIssuer, openBearerTokens } from "#gateway/admission/bearer-tokens.ts";
import { unboundedTenant } from "#gateway/caller.ts";
import { openBench, records } from "./bearer-bench.ts";

// So that no test's time is that of loading it.
beforeAll(() => import("jose"));

test("without a list an issuer speaks for tenants on record, and for the default that is configured", async () => {
  await using bench = await openBench({ defaultTenant: "guests", claims: { tenant: "org_id" } });
  const tenantOf = async (org_id?: string) =>
    (await bench.tokens.verify(bench.provider.issue({ org_id }))).tenant.id;
  expect(await tenantOf("rival")).toBe("rival");
  expect(await tenantOf()).toBe("guests");
  expect(await bench.refusal(bench.provider.issue({ org_id: "made-up" }))).toBe(
    "it is for a tenant that is not known here",
  );
});

test("a token crosses into no tenant that its issuer may not speak for", async () => {
  await using bench = await openBench({ tenants: ["acme", "unrecorded"] });
  const tenantOf = async (tenant: unknown) =>
    (await bench.tokens.verify(bench.provider.issue({ tenant }))).tenant;
  expect(await tenantOf("acme")).toBe(records.get("acme"));
  expect(await tenantOf("unrecorded")).toEqual(unboundedTenant("unrecorded"));
  expect(await bench.refusal(bench.provider.issue({ tenant: "rival" }))).toBe(
    "its issuer may not speak for that tenant",
  );
  for (const tenant of [
    "",
    "a b",
    "acme\n",
    "{acme}",
    "__proto__",
    "x".repeat(65),
    5,
    null,
    ["acme"],
    { id: "acme" },
  ]) {
    expect([tenant, await bench.refusal(bench.provider.issue({ tenant }))]).toEqual([
      tenant,
      'its claim "tenant" is no name of a tenant',
    ]);
  }
  expect(await bench.refusal(bench.provider.issue({ tenant: undefined }))).toBe('it has no claim "tenant"');
});

test("subjects of two issuers on one host are not taken for each other", async () => {
  await using bench = await openBench({ path: "/realms/red" });
  await using other = await openBench({ path: "/realms/blue" });
  const { id, subject } = await bench.tokens.verify(bench.provider.issue());
  expect(subject).toMatch(/^127\.0\.0\.1:\d+\/realms\/red:alice$/);
  const { id: theirs } = await other.tokens.verify(other.provider.issue());
  expect(id.split(":").at(-1)).not.toBe(theirs.split(":").at(-1));
});

test("what a subject is called is in no id, and the same subject has the same one with each token", async () => {
  await using bench = await openBench();
  const sub = "jane.doe@example.com";
  const first = await bench.tokens.verify(bench.provider.issue({ sub }));
  const again = await bench.tokens.verify(bench.provider.issue({ sub, jti: "another" }));
  expect(first.id).toMatch(/^127\.0\.0\.1:\d+:[0-9a-f]{16}$/);
  expect([again.id, again.subject]).toEqual([first.id, `${new URL(bench.provider.issuer).host}:${sub}`]);
});

test("a token for a tenant that was deleted is refused, also where the configuration names the tenant", async () => {
  await using bench = await openBench({ tenants: ["acme"] });
  const issuer = jwtIssuer.parse({
    issuer: bench.provider.issuer,
    audience: "tradewind",
    tenants: ["acme"],
    defaultTenant: "acme",
  });
  await using tokens = openBearerTokens([issuer], { clock: bench.clock, tenant: () => "gone" });
  for (const tenant of ["acme", undefined]) {
    await expect(tokens.verify(bench.provider.issue({ tenant }))).rejects.toThrow(
      "a tenant that was deleted",
    );
  }
});

test("nobody becomes an operator by a claim, unless the issuer lists the operators' tenant", async () => {
  await using open = await openBench({ scopes: ["infer"] });
  expect(await open.refusal(open.provider.issue({ tenant: "default" }))).toBe(
    "its issuer may not speak for that tenant",
  );
  await using usual = await openBench({ defaultTenant: "default" });
  expect(await usual.refusal(usual.provider.issue({ tenant: undefined }))).toBeUndefined();
  expect(await usual.refusal(usual.provider.issue({ tenant: "default" }))).toBe(
    "its issuer may not speak for that tenant",
  );
  await using listed = await openBench({ tenants: ["default"], scopes: ["admin"] });
  const caller = await listed.tokens.verify(listed.provider.issue({ tenant: "default", scope: "admin" }));
  expect([caller.tenant.id, ...caller.scopes]).toEqual(["default", "admin"]);
});

test("a token's end goes with its caller", async () => {
  await using bench = await openBench();
  const exp = Math.floor(bench.clock.now() / 1_000) + 90;
  expect((await bench.tokens.verify(bench.provider.issue({ exp }))).expiresAt).toBe(exp * 1_000);
  const late = await bench.tokens.verify(bench.provider.issue({ exp: 1e300 }));
  expect(new Date(late.expiresAt ?? Number.NaN).toISOString()).toMatch(/^\+275760/);
});
