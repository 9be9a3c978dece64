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
