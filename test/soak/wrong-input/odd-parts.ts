import type { Random } from "../../support/random.ts";
import { jpeg, type Parts, pick, type Target } from "./compose.ts";

type Headers = NonNullable<Parts["headers"]>;

export function oddType(random: Random): Headers {
  const odd = [
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
    "x".repeat(3000),
    "\u00ff\u00fe",
  ];
  return { "content-type": pick(odd, random) };
}

export function oddQuery(random: Random): string {
  const name = pick(["conf", "iou", "max_detections", "max", "deadline_ms", "__proto__", "a[]", "%"], random);
  const value = pick(
    ["", "-1", "2", "NaN", "1e309", "0x10", "null", "%", "%00", "%ff", "9".repeat(400)],
    random,
  );
  return random.chance(0.2) ? `?${name}=${value}&${name}=0.5` : `?${name}=${value}`;
}

export function oddKey({ key }: Target, random: Random): string | undefined {
  return pick(
    [
      undefined,
      "",
      key,
      "Bearer",
      "Bearer ",
      `Basic ${Buffer.from(`x:${key}`).toString("base64")}`,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key}x`,
      `Bearer ${key} ${key}x`,
      `Bearer ${"k".repeat(random.integer(1, 6000))}`,
      "Bearer \u00e9\u00ff",
      "Bearer ' OR 1=1 --",
      "Bearer ../../etc/passwd",
    ],
    random,
  );
}

export function oddModel(random: Random): string {
  return pick(
    [
      "",
      ".",
      "%2e%2e",
      "no-such",
      "%00",
      "digits-s%00",
      "digits-s%2f",
      "digits-s@99",
      "constructor",
      "%F0%9F%90%8C",
      "%",
      "%zz",
      "'",
      "m".repeat(5000),
    ],
    random,
  );
}

export function oddPath({ path }: Target, random: Random): string {
  return pick(
    [
      "/",
      "//",
      `/${path}`,
      `${path}/`,
      `${path}/x`,
      path.toUpperCase(),
      path.replace("detect", "segment"),
      "/v1",
      "/v1/models",
      "/v2/models/digits-s",
      "/v2/health/ready",
      "/.env",
      "/%",
      "/%00",
      "/..%2f..%2fetc/passwd",
      `/${"p/".repeat(3000)}`,
    ],
    random,
  );
}

export function oddLength(random: Random): string | undefined {
  return pick([undefined, undefined, "0", "-1", "99999999", "1e3", "x"], random);
}

export function oddHeaders(random: Random): Headers {
  const odd: Readonly<Record<string, string>>[] = [
    { "x-request-id": "r".repeat(4000) },
    { "x-request-id": "\u00e9\u0001" },
    { traceparent: "00-zz" },
    { "x-deadline-ms": "-5" },
    { expect: "100-continue" },
    { expect: "the unexpected" },
    { upgrade: "websocket", connection: "upgrade" },
    { "transfer-encoding": "identity" },
    { accept: "text/html" },
    { "if-none-match": "*" },
    { range: "bytes=0-0" },
    { host: "" },
    { host: "evil.example:99999" },
    { cookie: "c=".padEnd(6000, "x") },
  ];
  return { ...jpeg, ...pick(odd, random) };
}

export function vastHeaders(random: Random): Headers {
  if (random.chance(0.5)) return { ...jpeg, "x-vast": "v".repeat(random.integer(17_000, 200_000)) };
  const count = random.integer(2_100, 4_000);
  return { ...jpeg, ...Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, "v"])) };
}
