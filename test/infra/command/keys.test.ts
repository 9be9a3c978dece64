import { expect, test } from "vitest";
import { createApiKey, usualRights } from "#gateway/records/api-key.ts";
import { parseKeyFile } from "#gateway/records/key-file.ts";
import { fileEntry } from "#infra/command/keys/file-entry.ts";
import { readExpiry, readOverlap, readRights } from "#infra/command/keys/read-rights.ts";
import { keys } from "#infra/command/keys.ts";
import { systemChance } from "#infra/runtime/chance.ts";

const now = Date.UTC(2026, 0, 1);

test.each([
  ["a plain key", {}],
  [
    "a key with every right",
    {
      tenant: "acme",
      scopes: ["infer", "admin"] as const,
      models: ["digits-s", "digits-n"],
      origins: ["https://app.example.com"],
      expiresAt: now,
    },
  ],
])("the line that is printed for a file reads back as %s", (_, rights) => {
  const { record } = createApiKey('the "first": {key}', systemChance, rights);
  const text = `tenants: { acme: {} }\nkeys:\n  - ${fileEntry(record)}\n`;
  expect(parseKeyFile(text, { file: "k.yaml" }).keys).toEqual([record]);
});

test("flags give a key its rights, and none give it the usual ones", () => {
  expect(readRights("ci", {}, now)).toEqual({ name: "ci", rights: usualRights });
  const flags = {
    tenant: "acme",
    scopes: "infer,admin",
    models: "digits-s,digits-n",
    origin: ["https://a.example", "https://b.example"],
    expires: "90d",
  };
  expect(readRights("ci", flags, now).rights).toEqual({
    tenant: "acme",
    scopes: ["infer", "admin"],
    models: ["digits-s", "digits-n"],
    origins: ["https://a.example", "https://b.example"],
    expiresAt: now + 90 * 86_400_000,
    limits: { rates: [] },
  });
  expect(readRights("ci", { models: "all" }, now).rights.models).toBe("all");
});

test("everything that is wrong with a new key is said at once", () => {
  const flags = { tenant: "{a}", scopes: "root", models: "a b", origin: ["a.example"] };
  const message = /1 to 100 characters.*--tenant: .*--scopes: .*--models: .*--origin: /;
  expect(() => readRights("", flags, now)).toThrow(message);
});

test("an expiry is a time from now or a moment to come", () => {
  expect(readExpiry("2030-01-31T00:00:00Z", now)).toBe(Date.UTC(2030, 0, 31));
  expect(readExpiry("1h", now)).toBe(now + 3_600_000);
  for (const text of ["", "soon", "90", "2030-01-31", "4000d"]) {
    expect(() => readExpiry(text, now)).toThrow("--expires: expected 90d or");
  }
  expect(() => readExpiry("2020-01-31T00:00:00Z", now)).toThrow("is over");
});

test("an overlap is a day unless it is said, and may be nothing", () => {
  expect([undefined, "0", "0s", "36h"].map(readOverlap)).toEqual([86_400_000, 0, 0, 129_600_000]);
  for (const text of ["", "24", "91d", "-1h", "forever"]) {
    expect(() => readOverlap(text)).toThrow("--overlap: expected a duration");
  }
});

test.each([
  ["nothing", []],
  ["a verb that there is not", ["steal"]],
  ["a verb of every object", ["constructor", "x"]],
  ["a key to rotate that is missing", ["rotate"]],
  ["a key to revoke that is missing", ["revoke"]],
  ["a name that is missing", ["create"]],
  ["a list of something", ["list", "x"]],
])("the keys command refuses %s", async (_, args) => {
  await expect(keys(args)).rejects.toMatchObject({ code: "request_malformed" });
});

test.each([
  ["list", ["list", "--scopes", "admin"]],
  ["revoke", ["revoke", "0123456789ab", "--overlap", "1h"]],
  ["rotate", ["rotate", "0123456789ab", "--tenant", "acme"]],
  ["create", ["create", "ci", "--overlap", "1h", "--file"]],
])("a flag that keys %s does not have is refused rather than ignored", async (verb, args) => {
  await expect(keys(args)).rejects.toThrow(`keys ${verb} takes no --`);
});
