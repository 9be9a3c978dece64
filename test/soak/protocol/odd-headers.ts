import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { type Aim, type Made, sent } from "./draft.ts";
import { goodRequest } from "./good-requests.ts";
import { lengthOf } from "./odd-body.ts";
import { spelled } from "./odd-head.ts";
import { asked, askPaths } from "./questions.ts";

/** What callers say about themselves, in every spelling. */
export function oddHeaders(aim: Aim, random: Random): Made {
  const draft = random.chance(0.5) ? goodRequest(aim, random) : asked(pick(askPaths, random));
  const count = random.integer(1, 3);
  const odd = Array.from({ length: count }, () => pick(headers, random)(random));
  return sent(aim, { ...draft, headers: [...lengthOf(draft), ...odd] });
}

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const headers: readonly ((random: Random) => readonly [string, string])[] = [
  (random) => ["accept-encoding", pick(acceptEncodings, random)],
  (random) => ["accept-encoding", pick(acceptEncodings, random)],
  (random) => [spelled("traceparent", random), pick(traceparents, random)],
  (random) => [
    "tracestate",
    pick(
      ["a=1", "a=1,a=2", ",".repeat(500), "a=".padEnd(3_000, "x"), "\u00e9=1", "=", "a=1,".repeat(40)],
      random,
    ),
  ],
  (random) => [
    "content-type",
    pick(
      [
        "",
        "text/plain",
        "application/json; charset=utf-7",
        "multipart/form-data",
        "x".repeat(2_000),
        "\u00ff",
      ],
      random,
    ),
  ],
  () => ["expect", "100-continue"],
  (random) => ["x-request-id", "r".repeat(random.integer(1, 4_000))],
  () => ["cookie", "c=".padEnd(6_000, "x")],
  (random) => ["host", pick(["", "evil.example:99999", "[::1", "a b", "\u00e9"], random)],
  () => ["range", "bytes=0-0"],
  () => ["if-none-match", "*"],
  () => ["x-forwarded-host", "evil.example"],
  () => ["authorization", "Bearer x"],
  () => ["__proto__", "x"],
  () => ["constructor", "x"],
];

const acceptEncodings = [
  "gzip",
  "deflate",
  "br",
  "gzip, deflate, br",
  "*",
  "identity;q=0",
  "identity;q=0, *;q=0",
  "gzip;q=0",
  "gzip;q=2",
  "gzip;q=x",
  "deflate;q=0.5, gzip;q=0.9",
  "",
  ",,,",
  "GZIP",
  "gzip;".repeat(500),
  "a,".repeat(3_000),
  "gzip\u00ff",
  "zstd",
];

const traceparents = [
  trace,
  trace.toUpperCase(),
  `${trace}-extra`,
  `cc${trace.slice(2)}-what`,
  `ff${trace.slice(2)}`,
  trace.slice(0, -1),
  "00-zz",
  "00-00000000000000000000000000000000-0000000000000000-00",
  "-".repeat(2_000),
  "\u00e9",
  "",
  `${trace}, ${trace}`,
  `${trace}\t`,
];
