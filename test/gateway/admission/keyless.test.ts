import { expect, test } from "vitest";
import { keylessDoor } from "#gateway/admission/keyless.ts";
import type { Tenant } from "#gateway/caller.ts";
import { tenant } from "#test/support/callers.ts";

type Found = Tenant | "gone" | undefined;

function doorOf(found: () => Found, options: { records?: "postgres" | "file"; described?: boolean } = {}) {
  const { records = "file", described = false } = options;
  const access = { tenant: found, describesTenants: () => described };
  const listener = { tenant: "acme", host: "cameras.internal", hosts: ["Edge.example.com"] };
  return keylessDoor(listener, { access, records });
}

const refusal = (message: string) => expect.objectContaining({ code: "forbidden", message });

test("a door stands for its tenant as it is on record now, by one object until that changes", () => {
  let found = tenant({ id: "acme" });
  const enter = doorOf(() => found);
  const caller = enter("127.0.0.1");
  expect(caller).toMatchObject({ id: "door:acme", keyless: true });
  expect(enter("127.0.0.1")).toBe(caller);
  found = tenant({ id: "acme", monthly: { images: 1 } });
  expect(enter("127.0.0.1").tenant).toBe(found);
});

test("a door whose tenant was deleted, or cannot be read, lets nobody in until the tenant is back", () => {
  let found: Found = "gone";
  const enter = doorOf(() => found);
  expect(() => enter("127.0.0.1")).toThrow(
    refusal("the tenant acme, for which this address stands, was deleted or cannot be read"),
  );
  found = tenant({ id: "acme" });
  expect(enter("127.0.0.1").tenant).toBe(found);
});

test.each([
  ["with records in PostgreSQL", { records: "postgres" }],
  ["with a file that describes tenants", { described: true }],
] as const)("a tenant that was never on record is let in nowhere %s", (_, options) => {
  expect(() => doorOf(() => undefined, options)("127.0.0.1")).toThrow(
    refusal("the tenant acme, for which this address stands, is not on record"),
  );
});

test("where a file describes no tenants at all, a door's own is taken as it is", () => {
  expect(doorOf(() => undefined)("127.0.0.1").tenant).toMatchObject({ id: "acme", monthly: {} });
});

test.each([
  undefined,
  "127.0.0.1",
  "10.1.2.3:8081",
  "[::1]",
  "[fd00::1]:8081",
  "localhost",
  "LOCALHOST:8081",
  "cameras.internal",
  "cameras.internal.:8081",
  "edge.example.com:8081",
])("a request to the host %j comes through a door without keys", (host) => {
  expect(doorOf(() => undefined)(host).keyless).toBe(true);
});

test.each([
  "",
  "evil.example",
  "evil.example:8081",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "evil.example:8081:8081",
  "evil.example\\@localhost",
  "localhost evil",
  "[::1]evil",
  "1",
  "0x7f000001",
])("a request to the host %j, to which any page could have made its name lead, is refused", (host) => {
  expect(() => doorOf(() => undefined)(host)).toThrow(
    refusal("this address needs no key, and only by the names that it knows: list this one under its hosts"),
  );
});
