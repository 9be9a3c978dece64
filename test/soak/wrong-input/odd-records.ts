import type { Random } from "../../support/random.ts";
import { ask, type Made, nothing, pick, plain, postJson, type Target } from "./compose.ts";
import { garbled, truncated } from "./images.ts";
import { oddName, oddValue } from "./odd-query.ts";

/** Questions about what was used, with parameters that there are not or months that never were. */
export function oddUsage(target: Target, random: Random): Made {
  const month = pick(
    [
      "2026-11",
      "2026-13",
      "1999-01",
      "2099-12",
      "2026-1",
      "",
      "%00",
      "x".repeat(3_000),
      "2026-11&month=2026-10",
    ],
    random,
  );
  const query = pick(
    ["", "?", `?month=${month}`, `?${encodeURIComponent(oddName(random))}=1`, "?tenant=other"],
    random,
  );
  return { ...ask(target, `/v1/usage${query}`), mayPass: true };
}

/** The document and the page that shows it. */
export function oddDocument(target: Target, random: Random): Made {
  const path = pick(
    ["/openapi.json", "/docs", "/docs/", "/openapi.json?x=%zz", "/openapi.yaml", "/docs/..%2f"],
    random,
  );
  const headers = {
    authorization: random.chance(0.5) ? undefined : "Bearer \u00e9",
    "if-none-match": pick([undefined, "*", '"', 'W/"x", "y"', ",".repeat(5_000)], random),
    "accept-encoding": pick([undefined, "gzip", "br;q=x", "identity;q=0"], random),
  };
  return { ...ask(target, path, headers, pick(["GET", "GET", "HEAD"], random)), mayPass: true };
}

/** What administrators send: only records of its own are changed by it. */
export function oddAdmin(target: Target, random: Random): Made {
  return { ...pick(deeds, random)(target, random), mayPass: true };
}

type Deed = (target: Target, random: Random) => Made;

const admin = "/v1/admin";

const deeds: readonly Deed[] = [
  (target, random) => postJson(target, spoiled(keyOf(random), random), { path: `${admin}/keys` }),
  (target, random) => postJson(target, spoiled(keyOf(random), random), { path: `${admin}/keys` }),
  (target, random) =>
    postJson(target, spoiled(tenantOf(random), random), {
      path: `${admin}/tenants/${tenant(random)}`,
      method: "PUT",
    }),
  (target, random) =>
    postJson(target, spoiled(tenantOf(random), random), {
      path: `${admin}/tenants/${tenant(random)}`,
      method: "PUT",
    }),
  (target, random) =>
    postJson(target, spoiled({ overlap: pick(["0", "1h", "91d", "-1s", 5], random) }, random), {
      path: `${admin}/keys/${pick(ids, random)}/rotate`,
    }),
  (target, random) => bare(target, `${admin}/keys/${pick(ids, random)}/rotate`, "POST"),
  (target, random) => bare(target, `${admin}/keys/${pick(ids, random)}`, "DELETE"),
  (target, random) => bare(target, `${admin}/tenants/fuzz-b`, pick(["DELETE", "GET"], random)),
  (target, random) => ask(target, `${admin}/${pick(["keys", "tenants", "audit"], random)}?${pageOf(random)}`),
  (target, random) => ask(target, `${admin}/${pick(["keys", "tenants", "audit"], random)}?${pageOf(random)}`),
  (target, random) => ask(target, `${admin}/${pick(["", "no-such", "keys/", "audit/1", "%00"], random)}`),
  (target, random) =>
    plain(target, {
      path: `${admin}/keys`,
      headers: { authorization: `Bearer ${target.limitedKey}`, "content-type": "application/json" },
      body: Buffer.from(random.chance(0.5) ? "{}" : "{"),
    }),
];

function bare(target: Target, path: string, method: string): Made {
  return plain(target, { path, method, headers: { "content-type": undefined }, body: nothing });
}

const ids = [
  "000000000000",
  "ffffffffffff",
  "FFFFFFFFFFFF",
  "no-such",
  "%00",
  "%27%20OR%201=1",
  "..",
  "0".repeat(3_000),
  "%f0%9f%90%8c",
];

function tenant(random: Random): string {
  return pick(
    [
      "fuzz-a",
      "fuzz-a",
      "fuzz-a",
      "fuzz-b",
      "fuzz-b",
      "fuzz-c",
      "a".repeat(65),
      "%00",
      "a%2fb",
      "{x}",
      "%F0%9F%90%8C",
      "-x",
      "__proto__",
    ],
    random,
  );
}

/** Most members are as they may be, so that what is wrong is seldom hidden behind something else. */
function keyOf(random: Random): Record<string, unknown> {
  const mostly = <Value>(right: Value, odd: readonly unknown[]): unknown =>
    random.chance(0.8) ? right : pick(odd, random);
  return {
    name: mostly("a key", oddNames),
    tenant: mostly(pick(["default", "fuzz-a"], random), ["no-such-tenant", "", null, 5]),
    scopes: mostly(["infer"], [["infer", "infer"], ["admin"], [], ["root"], "infer", ["__proto__"]]),
    models: mostly("all", [["digits-s"], ["no-such"], [], Array(65).fill("m"), "ALL", [""]]),
    origins: mostly([], [["https://a.example"], ["https://a.example/"], ["*"], [5], ["null"]]),
    ...(random.chance(0.8) ? {} : { expires_at: pick(moments, random) }),
    limits: mostly([], rates),
    ...(random.chance(0.8) ? {} : { concurrency: pick([1, 0, 1e9, "1", 1.5], random) }),
  };
}

const oddNames = ["", "\u0000", "n".repeat(101), "\u{1f40c}", "a\ud800b", "\u202e", 5, null, "a\u2028b"];

const moments = [
  "2030-01-31T00:00:00Z",
  "2001-01-01T00:00:00Z",
  "soon",
  "+275760-09-13T00:00:00Z",
  "9999-12-31T23:59:59+14:00",
  "0000-01-01T00:00:00Z",
  "2030-02-31T00:00:00Z",
];

const rates: readonly unknown[] = [
  [],
  [],
  [{ requests: 1, per: "1s" }],
  [{ requests: 1e9, per: "30d", burst: 1e9 }],
  [{ requests: 1, per: "32d" }],
  [{ requests: 0, per: "1s" }],
  [{ requests: 1.5, per: "1s" }],
  [{ requests: 1, per: "1ms", burst: 0 }],
  [{ requests: 1, per: "" }],
  [{ requests: 1, per: "9".repeat(500) }],
  Array(5).fill({ requests: 1, per: "1s" }),
  {},
  [null],
];

function tenantOf(random: Random): Record<string, unknown> {
  const mostly = <Value>(right: Value, odd: readonly unknown[]): unknown =>
    random.chance(0.7) ? right : pick(odd, random);
  const oddModels = [{ "digits-s": { limits: [] } }, { "": {} }, [], manyModels, { a: { limits: [null] } }];
  return {
    limits: mostly([], rates),
    models: mostly({}, oddModels),
    monthly: mostly({}, months),
    retention_days: mostly(30, [0, -1, 1e9, 1.5, "30", null, 36_500]),
  };
}

const months = [
  { images: 5 },
  { usd: 0.5 },
  { usd: 1e300 },
  { usd: 1e-12 },
  { usd: -0 },
  { images: -1 },
  { images: 9e15 },
  [],
  null,
];

const manyModels = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`m${index}`, {}]));

/** As it is, with one member more or less, or as bytes that are no JSON any more. */
function spoiled(value: Record<string, unknown>, random: Random): unknown {
  const text = Buffer.from(JSON.stringify(value));
  const [lost] = Object.keys(value);
  return pick(
    [
      () => value,
      () => value,
      () => value,
      () => value,
      () => value,
      () => value,
      () => ({ ...value, [oddName(random)]: oddValue(random) }),
      () => ({ ...value, [lost ?? ""]: undefined }),
      () => ({ name: "plain" }),
      () => ({}),
      () => truncated(text, random),
      () => garbled(Buffer.concat([text, Buffer.alloc(40, 0x20)]), random),
      () => Buffer.from("[".repeat(60_000)),
      () => Buffer.alloc(140_000, 0x20),
      () => [value],
      () => null,
      () => Buffer.from(`{"__proto__":{"name":"x"},"name":"a"}`),
    ],
    random,
  )();
}

function pageOf(random: Random): string {
  const limit = pick(["1", "100", "1000", "0", "1001", "01", "x", "1e2", ""], random);
  const cursor = pick(
    ["", "000000000000", "1", "fuzz-a", "9999999999999999", "99999999999999999", "%00", "'"],
    random,
  );
  return pick(
    [
      `limit=${limit}`,
      `cursor=${cursor}`,
      `limit=${limit}&cursor=${cursor}`,
      "limit=1&limit=2",
      "tenant=fuzz-a",
      "tenant=%00",
      "revoked=maybe",
      `since=${pick(["2026-01-01T00:00:00Z", "2026-01-01", "-271821-04-20T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "x"], random)}`,
      `${encodeURIComponent(oddName(random))}=${encodeURIComponent(oddValue(random))}`,
    ],
    random,
  );
}
