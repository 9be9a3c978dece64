import { inspect } from "node:util";
import { expect, test } from "vitest";
import { secretText } from "#infra/runtime/config/secret-text.ts";
import { createLog } from "#infra/runtime/log.ts";
import { Secret, withoutCredentials } from "#infra/runtime/secret.ts";

test("a secret shows itself to no printer and gives its value only when asked", () => {
  const secret = new Secret("hunter2");
  const printed = [`${secret}`, JSON.stringify({ secret }), inspect({ deep: { secret } }), String(secret)];
  expect(printed.join()).not.toContain("hunter2");
  expect(printed.every((text) => text.includes("[redacted]"))).toBe(true);
  expect(secret.reveal()).toBe("hunter2");
});

test("a secret of a configuration is wrapped as it is read", () => {
  expect(secretText.parse("hunter2").reveal()).toBe("hunter2");
});

test("an address is shown without its password", () => {
  expect(withoutCredentials("postgres://me:hunter2@db.example:5432/shop")).toBe(
    "postgres://db.example:5432/shop",
  );
  expect(withoutCredentials("hunter2")).toBe("an address that is no URL");
});

test("a log level that does not exist is refused with those that do", () => {
  expect(() => createLog({ name: "x", level: "verbose" })).toThrow(
    '"verbose" is no log level, expected one of trace, debug',
  );
});

test("the log writes no field that carries a credential, at any of the usual depths", () => {
  const lines: string[] = [];
  const log = createLog({ name: "x", destination: { write: (line) => void lines.push(line) } });
  log.info(
    {
      password: "hunter2",
      headers: { authorization: "hunter2", cookie: "hunter2" },
      a: { b: { token: "hunter2" } },
    },
    "hello",
  );
  log.info({ config: { redis: { password: "hunter2" } }, key: new Secret("hunter2") }, "again");
  expect(lines.join("")).not.toContain("hunter2");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", name: "x", msg: "hello" });
});
