import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { unboundedTenant } from "#gateway/caller.ts";
import { createApiKey } from "#gateway/records/api-key.ts";
import { parseKeyFile, readKeyFileText } from "#gateway/records/key-file.ts";
import { systemChance } from "#infra/runtime/chance.ts";

async function fileWith(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "keys-")), "keys.yaml");
  await writeFile(file, text);
  return file;
}

const hash = "a".repeat(64);
const bare = `{ id: "0123456789ab", name: ci, hash: ${hash} }`;
const read = async (file: string) => parseKeyFile(await readKeyFileText(file), { file });
const parse = (text: string) => parseKeyFile(text, { file: "k.yaml" });
const parseEntry = (more: string) =>
  parse(`keys:\n  - { id: "0123456789ab", name: ci, hash: ${hash}, ${more} }\n`);

test("a bare entry is a key of the tenant default for all models", async () => {
  const { record } = createApiKey("ci", systemChance);
  const text = `keys:\n  - { id: "${record.id}", name: ci, hash: ${record.hash} }\n`;
  expect(await read(await fileWith(text))).toEqual({
    tenants: [unboundedTenant("default")],
    keys: [record],
  });
});

test("tenants and rights of a key are read with their units", () => {
  const text = `
tenants:
  acme:
    limits: [{ requests: 100, per: 1s, burst: 20 }, { requests: 5000, per: 1d }]
    concurrency: 8
    models: { digits-s: { limits: [{ requests: 1, per: 250ms }], concurrency: 2 } }
    monthly: { images: 1000, usd: 5.5 }
    retentionDays: 30
keys:
  - id: "0123456789ab"
    name: page
    hash: ${hash}
    tenant: acme
    scopes: [infer, explain]
    models: [digits-s]
    origins: ["https://app.example.com", "http://localhost:3000"]
    expires: 2030-01-31T00:00:00Z
    limits: [{ requests: 10, per: 1s }]
    concurrency: 3
`;
  const { tenants, keys } = parse(text);
  expect(tenants).toEqual([
    unboundedTenant("default"),
    {
      id: "acme",
      limits: {
        rates: [
          { requests: 100, perMs: 1_000, burst: 20 },
          { requests: 5_000, perMs: 86_400_000, burst: 5_000 },
        ],
        concurrency: 8,
      },
      modelLimits: new Map([
        ["digits-s", { rates: [{ requests: 1, perMs: 250, burst: 1 }], concurrency: 2 }],
      ]),
      monthly: { images: 1_000, nanoUsd: 5_500_000_000 },
      retentionDays: 30,
    },
  ]);
  expect(keys).toEqual([
    {
      id: "0123456789ab",
      name: "page",
      hash,
      tenant: "acme",
      scopes: ["infer", "explain"],
      models: ["digits-s"],
      origins: ["https://app.example.com", "http://localhost:3000"],
      expiresAt: Date.UTC(2030, 0, 31),
      limits: { rates: [{ requests: 10, perMs: 1_000, burst: 10 }], concurrency: 3 },
    },
  ]);
});

test("the tenant default may be described like any other", () => {
  const { tenants } = parse(`tenants: { default: { concurrency: 4 } }\nkeys:\n  - ${bare}\n`);
  expect(tenants).toEqual([{ ...unboundedTenant("default"), limits: { rates: [], concurrency: 4 } }]);
});

test("a key itself in the place of its hash is refused without being repeated", async () => {
  const { text, record } = createApiKey("ci", systemChance);
  const reading = read(await fileWith(`keys:\n  - { id: "${record.id}", name: ci, hash: ${text} }\n`));
  await expect(reading).rejects.toThrow("expected a SHA-256 in hexadecimal, not the key itself");
  await expect(reading).rejects.not.toThrow(text);
});

test("a key file that is not there is named", async () => {
  await expect(read("/nowhere/keys.yaml")).rejects.toThrow("cannot read the keys in /nowhere/keys.yaml");
});

test.each([
  ["a tenant that nobody described", "tenant: acme", /"acme" is not described/],
  ["a tenant's name with braces", 'tenant: "a{b}"', /expected the name of a tenant/],
  ["a scope that there is not", "scopes: [root]", /keys\.0\.scopes\.0/],
  ["a key without any scope", "scopes: []", /at least one scope/],
  ["a model's name with spaces", 'models: ["a b"]', /expected the name of a model/],
  ["more than 64 models", `models: [${Array.from({ length: 65 }, (_, n) => `m${n}`)}]`, /keys\.0\.models/],
  ["no models at all", "models: []", /keys\.0\.models/],
  ["an origin with a path", 'origins: ["https://a.example/x"]', /expected the origin of a page/],
  ["an origin that is a star", 'origins: ["*"]', /expected the origin of a page/],
  ["an origin with capitals", 'origins: ["https://A.example"]', /expected the origin of a page/],
  [
    "more than 32 origins",
    `origins: [${Array.from({ length: 33 }, (_, n) => `"https://${n}a.example"`)}]`,
    /origins/,
  ],
  ["an expiry that is no moment", "expires: tomorrow", /expected a moment/],
  ["an expiry without a time zone", 'expires: "2030-01-31T00:00:00"', /expected a moment/],
  ["five rates", `limits: [${Array(5).fill("{ requests: 1, per: 1s }")}]`, /keys\.0\.limits/],
  ["a rate of no requests", "limits: [{ requests: 0, per: 1s }]", /keys\.0\.limits\.0\.requests/],
  ["half a request", "limits: [{ requests: 0.5, per: 1s }]", /keys\.0\.limits\.0\.requests/],
  ["a rate in a bare number", "limits: [{ requests: 1, per: 1000 }]", /keys\.0\.limits\.0\.per/],
  ["a rate over two months", "limits: [{ requests: 1, per: 60d }]", /a duration from 1ms to 30d/],
  ["a rate over one day too many", "limits: [{ requests: 1, per: 31d }]", /a duration from 1ms to 30d/],
  ["a burst of months", "limits: [{ requests: 10, per: 1d, burst: 301 }]", /burst.*requests of 30 days/],
  ["a burst of nothing", "limits: [{ requests: 1, per: 1s, burst: 0 }]", /burst/],
  ["a concurrency of nothing", "concurrency: 0", /keys\.0\.concurrency/],
  ["a field that there is not", "scope: infer", /unknown key "scope"/],
])("a key file refuses %s", (_, more, message) => {
  expect(() => parseEntry(more)).toThrow(message);
});

test.each([
  ["a negative month", "{ monthly: { images: -1 } }", /monthly\.images/],
  ["money without end", "{ monthly: { usd: .inf } }", /monthly\.usd/],
  ["a retention of no days", "{ retentionDays: 0 }", /retentionDays/],
  ["limits of a model that are a list", "{ models: { m: [] } }", /models\.m/],
  [
    "more than 64 models of a tenant",
    `{ models: { ${Array.from({ length: 65 }, (_, n) => `m${n}: {}`)} } }`,
    /at most 64 models/,
  ],
])("a key file refuses a tenant with %s", (_, tenant, message) => {
  expect(() => parse(`tenants: { acme: ${tenant} }\nkeys:\n  - ${bare}\n`)).toThrow(message);
});

test("two keys with one id or one hash are refused, since only one could open the door", () => {
  const twice = () => parse(`keys:\n  - ${bare}\n  - ${bare}\n`);
  expect(twice).toThrow("key 0123456789ab is in this file already");
  expect(twice).toThrow("this hash is in this file already");
});
