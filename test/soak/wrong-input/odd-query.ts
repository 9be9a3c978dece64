import type { Random } from "../../support/random.ts";
import { type Made, pick, plain, type Target } from "./compose.ts";

/** Parameters of the query: unknown, repeated, out of range, or written as no browser writes them. */
export function oddQuery(target: Target, random: Random): Made {
  const query = random.chance(0.1) ? pick(wholeQueries, random) : severalOf(random);
  // A deadline of a millisecond may be over, and then a strict request has no answer; any other still has one.
  const isStrict = /strict|%73%74/.test(query);
  const allows = isStrict ? (["deadline_exceeded"] as const) : [];
  return plain(target, { path: `${target.path}?${query}` }, { mayPass: true, allows });
}

function severalOf(random: Random): string {
  const count = pick([1, 1, 1, 2, 3, 8], random);
  return Array.from({ length: count }, () => one(random)).join("&");
}

function one(random: Random): string {
  const [name, value] = random.chance(0.6) ? fitting(random) : [oddName(random), oddValue(random)];
  return `${written(name, random)}=${written(value, random)}`;
}

/** The value is of the kind that the name wants, if not always within its bounds. */
function fitting(random: Random): readonly [string, string] {
  const name = pick(Object.keys(values), random);
  return [name, pick(values[name] ?? [], random)];
}

const decimals = ["0", "1", "0.25", ".5", "0.999999999999999999", "-0.1", "1.1", "1e-3", "0x1", "1,0", "٣"];

const values: Readonly<Record<string, readonly string[]>> = {
  conf: decimals,
  iou: decimals,
  max_detections: ["1", "300", "0", "301", "1.0", "+5", "99999999999999999999", "1 "],
  classes: [
    "0",
    "0,1,2",
    "seven,7",
    ",",
    "0,,1",
    "no-such",
    "a".repeat(201),
    "0,".repeat(1_100),
    "\u{1f40c}",
  ],
  format: ["xyxy", "roboflow", "coco", "COCO", "yolo", "", "toString"],
  deadline: ["1", "2", "2000", "600000", "600001", "0", "-1", "1.5", "Infinity"],
  strict: ["true", "false", "TRUE", "1", ""],
};

export function oddName(random: Random): string {
  return pick(
    [
      ...Object.keys(values),
      "max",
      "deadline_ms",
      "CONF",
      "conf[]",
      "conf ",
      "objective",
      "__proto__",
      "constructor",
      "toString",
      "",
      "a[b][c]",
      "\u0000",
      "n".repeat(2_000),
      "\u{1f40c}",
    ],
    random,
  );
}

export function oddValue(random: Random): string {
  return pick(
    [
      "",
      "-1",
      "2",
      "NaN",
      "1e309",
      "0x10",
      "null",
      "undefined",
      "[object Object]",
      "\u0000",
      "\r\nset-cookie: a=b",
      "' OR 1=1 --",
      "<script>",
      "9".repeat(400),
      "0.".padEnd(3_000, "0"),
      `${".".repeat(3_000)}1`,
      "\u{1f40c}",
      "../../etc/passwd",
    ],
    random,
  );
}

/** As it should be, as the bytes that it is, or with a mistake in it. */
function written(text: string, random: Random): string {
  const encoded = encodeURIComponent(text);
  const how = random.integer(0, 9);
  if (how < 6) return encoded;
  if (how === 6)
    return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  if (how === 7) return encoded.slice(0, -1);
  if (how === 8)
    return `${encoded}${pick(["%", "%f", "%zz", "%ff", "%c0%af", "%00", "+", "%ed%a0%80"], random)}`;
  return encodeURIComponent(encoded);
}

const wholeQueries = [
  "",
  "?",
  "&",
  "=",
  "&&&===",
  "conf",
  "conf=0.5;iou=0.5",
  `conf=0.5${"&conf=0.5".repeat(900)}`,
  "&".repeat(8_000),
  Array.from({ length: 1_000 }, (_, index) => `p${index}=1`).join("&"),
  "classes=0&".repeat(1_030),
  "#conf=0.5",
  "conf=0.5#",
  "%",
];
