import type { Random } from "../../support/random.ts";
import { allowedOrigin, canary, type Headers, jpeg, type Made, pick, plain, type Target } from "./compose.ts";

/** What callers say beside the image, in every spelling. */
export function oddHeaders(target: Target, random: Random): Made {
  const count = random.integer(1, 3);
  const odd = Array.from({ length: count }, () => pick(families, random)(target, random));
  const headers = Object.assign({ ...jpeg }, ...odd) as Headers;
  // An answer that may only come out of the cache may be missing there; two of one key may overlap.
  const isOnlyCached = headers["cache-control"]?.includes("only-if-cached");
  const allows = [...(isOnlyCached ? (["not_cached"] as const) : []), "idempotency_in_progress"] as const;
  return plain(target, { headers }, { mayPass: true, unframed: true, allows });
}

type Family = (target: Target, random: Random) => Headers;

const families: readonly Family[] = [
  (_, random) => ({ "content-type": pick(types, random) }),
  (_, random) => ({ "cache-control": pick(cacheControls, random) }),
  (_, random) => ({ "cache-control": pick(cacheControls, random) }),
  (_, random) => ({ "idempotency-key": pick(idempotencyKeys, random)(random) }),
  (_, random) => ({ "idempotency-key": pick(idempotencyKeys, random)(random) }),
  (_, random) => ({ origin: pick(origins, random) }),
  (_, random) => ({ "x-request-id": pick(requestIds, random) }),
  (_, random) => ({ traceparent: pick(traceparents, random), tracestate: pick(tracestates, random) }),
  (_, random) => pick(others, random),
  (_, random) => ({ "content-length": pick(lengths, random) }),
];

const types = [
  undefined,
  "",
  "image/",
  "image/*",
  "jpeg",
  "multipart/form-data",
  'multipart/form-data; boundary="',
  "application/json; charset=utf-7",
  'image/jpeg; q="',
  "image/gif",
  "image/avif",
  "x".repeat(3_000),
  "\u00ff\u00fe",
  ";",
  "image/jpeg\t",
  "IMAGE/JPEG",
  `image/jpeg${"; a=b".repeat(2_000)}`,
];

const cacheControls = [
  "no-cache",
  "no-store",
  "only-if-cached",
  "only-if-cached, no-cache",
  "max-age=0",
  "max-age=-1",
  "max-age=99999999999999999999",
  "max-age=1e3",
  'max-age="5"',
  "max-age=5, max-age=6",
  "max-stale",
  "max-stale=x",
  "min-fresh=5",
  'private="a,b',
  ",".repeat(5_000),
  "no-cache,".repeat(1_000),
  '"'.repeat(5_001),
  "=",
  "\u00e9",
  "__proto__=1",
];

const idempotencyKeys: readonly ((random: Random) => string)[] = [
  () => "",
  () => "k".repeat(255),
  () => "k".repeat(256),
  () => "k".repeat(9_000),
  () => "\u00e9",
  () => "with space",
  () => "a\tb",
  () => "__proto__",
  () => "{tag}",
  () => '"quoted"',
  (random) => `${canary}-${random.integer(0, 30)}`,
  (random) => `${canary}-${random.integer(0, 1e9)}`,
];

const origins = [
  "",
  "null",
  "*",
  allowedOrigin,
  `${allowedOrigin}.evil.example`,
  "https://evil.example",
  "file://",
  "o".repeat(8_000),
  "\u00e9",
  "https://a.example, https://b.example",
];

const requestIds = [
  "r".repeat(129),
  "r".repeat(4_000),
  "\u00e9",
  "a b",
  "",
  "ok-1",
  "<b>",
  "a,b",
  "\t",
  "..:..",
];

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const traceparents = [
  undefined,
  trace,
  trace.toUpperCase(),
  `${trace}-extra`,
  `cc${trace.slice(2)}-what`,
  `ff${trace.slice(2)}`,
  trace.slice(0, -1),
  "00-zz",
  "00-00000000000000000000000000000000-0000000000000000-00",
  "-".repeat(5_000),
  "",
  `${trace}, ${trace}`,
];

const tracestates = [
  undefined,
  "a=1",
  "a=1,a=2",
  ",".repeat(3_000),
  "a=".padEnd(5_000, "x"),
  "\u00e9=1",
  "=",
  "a=1,".repeat(1_500),
  "a@b=c",
];

const others: readonly Headers[] = [
  { expect: "100-continue" },
  { expect: "the unexpected" },
  { upgrade: "websocket", connection: "close, upgrade" },
  { "transfer-encoding": "identity" },
  { accept: "text/html" },
  { "accept-encoding": "gzip;q=x, *;q=0" },
  { "if-none-match": "*" },
  { range: "bytes=0-0" },
  { host: "" },
  { host: "evil.example:99999" },
  { host: "[::1" },
  { host: undefined },
  { cookie: `c=${canary}`.padEnd(6_000, "x") },
  { "x-forwarded-for": "127.0.0.1", forwarded: "for=127.0.0.1" },
  { "x-forwarded-host": "evil.example" },
  { "x-http-method-override": "DELETE" },
  { "content-encoding": "identity" },
  { "content-language": "\u00ff" },
  { __proto__x: "1", constructor: "1" },
  { "tradewind-tenant": "other", "x-tenant": "other" },
];

const lengths = ["0", "-1", "+5", "0x10", "1e3", "x", "", "99999999999", "5, 5", " 5 "];

/** What is shown at the door: too little, too much, in the wrong place, or somebody else's. */
export function oddKey(target: Target, random: Random): Made {
  const { key } = target;
  const authorization = pick(authorizations, random)(key, random);
  const apiKey = random.chance(0.4) ? pick(authorizations, random)(key, random) : undefined;
  const headers = { ...jpeg, authorization, "x-api-key": apiKey };
  // Two keys at once, or one in unusual spelling, may be a good one.
  const mayPass = [authorization, apiKey].some((shown) => shown?.replace(/^bearer\s+/i, "").trim() === key);
  return plain(target, { headers }, { mayPass });
}

const authorizations: readonly ((key: string, random: Random) => string | undefined)[] = [
  () => undefined,
  () => "",
  (key) => key,
  (key) => `bearer ${key}`,
  (key) => `Bearer  \t${key} `,
  () => "Bearer",
  () => "Bearer ",
  (key) => `Basic ${Buffer.from(`x:${key}`).toString("base64")}`,
  (key) => `Bearer ${key.slice(0, -1)}`,
  (key) => `Bearer ${key.toUpperCase()}x`,
  (key) => `Bearer ${key}x`,
  (key) => `Bearer ${key} ${key}x`,
  (key) => `Bearer ${key},${key}`,
  (_, random) => `Bearer ${canary.repeat(random.integer(1, 400))}`,
  () => "Bearer \u00e9\u00ff",
  () => "Bearer ' OR 1=1 --",
  () => "Bearer ../../etc/passwd",
  () => "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
  () => `Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.e30.${canary}`,
  () => `Bearer ${"a".repeat(5_000)}.${"b".repeat(2_000)}.c`,
  () => "Bearer ..",
  (_, random) => `Bearer tw_${random.integer(1e5, 1e6)}000000_${canary}`,
];

export function vastHeaders(target: Target, random: Random): Made {
  const vast: Headers = random.chance(0.5)
    ? { "x-vast": "v".repeat(random.integer(17_000, 200_000)) }
    : Object.fromEntries(Array.from({ length: random.integer(2_100, 4_000) }, (_, n) => [`x-${n}`, "v"]));
  return plain(target, { headers: { ...jpeg, ...vast } }, { unframed: true });
}
