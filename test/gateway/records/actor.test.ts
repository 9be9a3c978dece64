import { expect, test } from "vitest";
import { type Caller, unboundedTenant } from "#gateway/caller.ts";
import { actorOf, reaches, refuseBeyond, refuseUnlessOperator } from "#gateway/records/actor.ts";

const callerOf = (tenant: string): Caller => ({
  id: "0123456789ab",
  tenant: unboundedTenant(tenant),
  scopes: new Set(["admin", "infer"]),
  models: new Set(["a", "b"]),
  origins: [],
  limits: { rates: [] },
});

test("an audit names a token's subject as a person can read it", () => {
  expect(actorOf({ ...callerOf("default"), subject: "id.example.com:jane" }).id).toBe("id.example.com:jane");
  expect(actorOf(callerOf("default")).id).toBe("0123456789ab");
});

test("nobody makes a key that outlives what they came with, be they operators or not", () => {
  const at = Date.UTC(2030, 0, 1);
  for (const tenant of ["default", "acme"]) {
    const actor = actorOf({ ...callerOf(tenant), expiresAt: at });
    const rights = { tenant: "acme", scopes: ["infer"], models: ["a"] } as const;
    refuseBeyond(actor, { ...rights, expiresAt: at });
    for (const more of [{}, { expiresAt: at + 1 }]) {
      expect(() => refuseBeyond(actor, { ...rights, ...more })).toThrow(
        "expires_at 2030-01-01T00:00:00.000Z at the latest",
      );
    }
  }
});

const operator = actorOf(callerOf("default"));
const acme = actorOf(callerOf("acme"));

test("an administrator of the tenant default reaches everything and may give everything", () => {
  expect(reaches(operator, "acme")).toBe(true);
  refuseBeyond(operator, { tenant: "acme", scopes: ["metrics"], models: "all" });
  refuseUnlessOperator(operator, "change tenants");
});

test("an administrator of another tenant stays within it and within its own rights", () => {
  expect([reaches(acme, "acme"), reaches(acme, "default"), reaches(acme, "acme2")]).toEqual([
    true,
    false,
    false,
  ]);
  refuseBeyond(acme, { tenant: "acme", scopes: ["infer", "admin"], models: ["b"] });
  expect(() => refuseUnlessOperator(acme, "change tenants")).toThrow("tenant default may change tenants");
});

test.each([
  ["another tenant", { tenant: "rival" }, "tenant acme alone"],
  ["a scope it lacks", { scopes: ["infer", "metrics"] as const }, "without the scope metrics"],
  ["all models", { models: "all" as const }, "may not use all models"],
  ["a model it may not use", { models: ["a", "c"] }, "may not use the model c"],
])("an administrator of a tenant cannot give %s", (_, more, message) => {
  const rights = { tenant: "acme", scopes: ["infer"], models: ["a"], ...more } as const;
  expect(() => refuseBeyond(acme, rights)).toThrow(message);
});
