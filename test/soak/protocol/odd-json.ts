import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { type Aim, again, type Made, raw, sent } from "./draft.ts";
import { goodRequest } from "./good-requests.ts";

/** One to three places of the JSON part hold something else, are gone, or stand there twice. */
export function oddValues(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  const json = structuredClone(draft.json);
  for (let left = random.integer(1, 3); left > 0; left -= 1) spoilOne(json, random);
  return sent(aim, { ...draft, json });
}

type Container = Record<string, unknown> | unknown[];

function spoilOne(json: unknown, random: Random): void {
  const places = placesOf(json);
  if (places.length === 0) return;
  const [container, key] = pick(places, random);
  pick(spoilers, random)(container, key, random);
}

const spoilers: readonly ((container: Container, key: string, random: Random) => void)[] = [
  (container, key, random) => put(container, key, oddValue(random)),
  (container, key, random) => put(container, key, oddValue(random)),
  (container, key) => (Array.isArray(container) ? container.splice(Number(key), 1) : delete container[key]),
  (container, key, random) => {
    if (Array.isArray(container)) container.push(...container);
    else container[again(key)] = random.chance(0.5) ? container[key] : oddValue(random);
  },
  (container, key) => put(container, key, [valueAt(container, key)]),
  (container, _, random) =>
    put(container, pick(["__proto__\u0002", "", "constructor", "data"], random), oddValue(random)),
];

function put(container: Container, key: string, value: unknown): void {
  if (!Array.isArray(container)) container[key] = value;
  else if (/^\d+$/.test(key)) container[Number(key)] = value;
  else container.push(value);
}

function valueAt(container: Container, key: string): unknown {
  return Array.isArray(container) ? container[Number(key)] : container[key];
}

/** Every place in a value, by what holds it. */
function placesOf(value: unknown): readonly (readonly [Container, string])[] {
  if (!isContainer(value)) return [];
  return Object.entries(value).flatMap(([key, inner]): (readonly [Container, string])[] => [
    [value, key],
    ...placesOf(inner),
  ]);
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

const numbers = [
  "1e999",
  "-1e999",
  "1e-999",
  "-0",
  "-0.0",
  "NaN",
  "Infinity",
  "01",
  "0x10",
  "+1",
  "1.",
  ".5",
  "1e",
  "-",
  "9007199254740993",
  "18446744073709551615",
  "18446744073709551616",
  "1e308",
  "2147483648",
  "4294967296",
  "-1",
  "0.5",
  "1e21",
  "9".repeat(400),
  `1e${"9".repeat(300)}`,
  `0.${"0".repeat(500)}1`,
];

const texts = [
  "",
  "\u0000",
  "\ud800",
  "\udfff\ud800",
  "\u{1f40c}",
  "\u202e",
  "__proto__",
  "constructor",
  "toString",
  "'\"\\",
  "x".repeat(5_000),
  "FP32",
  "BYTES",
  "BF16",
  "fp32",
  "INPUT0",
  "OUTPUT0",
  "image",
  "boxes",
  "../..",
  "true",
  "1",
];

export function oddValue(random: Random): unknown {
  const kind = random.integer(0, 9);
  if (kind < 3) return raw(pick(numbers, random));
  if (kind < 6) return pick(texts, random);
  if (kind < 7) return pick(shapes, random);
  if (kind < 8) return deep(random);
  return pick(
    [null, true, false, [], {}, [[]], [null], [{}], { a: { b: [] } }, { "__proto__\u0002": {} }],
    random,
  );
}

function deep(random: Random): string {
  const depth = pick([20, 99, 100, 101, 1_000, 50_000], random);
  const [open, close] = pick(
    [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const,
    random,
  );
  const whole = random.chance(0.7);
  return raw(`${open.repeat(depth)}${whole ? `1${close.repeat(depth)}` : ""}`);
}

const shapes: readonly unknown[] = [
  [-1],
  [0],
  [0, 0],
  [],
  [1, 0, 3],
  [1e9],
  [2_147_483_647],
  [4_294_967_296, 4_294_967_296],
  [2 ** 53, 2 ** 53],
  [raw("9".repeat(40))],
  [1.5],
  ["1"],
  [null],
  [true],
  [[1]],
  [-2, -1],
  [1, 1, 1, 1, 1, 1, 1, 1, 2],
  Array.from({ length: 1_000 }, () => 1),
  [65_536, 65_536],
  [raw("1e3")],
  [raw("-0")],
  2,
  "2",
  { 0: 2 },
];

/** Shape, datatype, size and data no longer agree. */
export function oddTensor(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  const json = structuredClone(draft.json) as { inputs: Record<string, unknown>[] };
  const [input = {}] = json.inputs;
  const part = pick(["shape", "shape", "datatype", "data", "parameters", "name"], random);
  input[part] = pick(partsOf[part] ?? [], random);
  return sent(aim, { ...draft, json });
}

const datatypes = [
  "FP32",
  "FP64",
  "FP16",
  "BF16",
  "BOOL",
  "INT8",
  "INT64",
  "UINT64",
  "BYTES",
  "STRING",
  "TYPE_FP32",
  "",
  null,
  7,
];
export const sizes = [-1, 0, 1, 7, 8, 9, 1e9, 2 ** 31, 2 ** 53, 1.5, "8", null, true, [8], raw("1e999")];

const partsOf: Readonly<Record<string, readonly unknown[]>> = {
  shape: shapes,
  datatype: datatypes,
  name: ["", "INPUT1", "input0", "image", "__proto__", "hasOwnProperty", null, 0, "n".repeat(3_000)],
  data: [
    [],
    [[]],
    [[1, 2], [3]],
    [null, null],
    ["a", "b"],
    [raw("NaN"), 1],
    [raw("1e999"), 0],
    [raw("-0"), 1],
    [[[[1]]], 2],
    [1, [2]],
    [{}],
    "AAAA",
    { length: 2 },
    [raw("1 2")],
    [raw("1,")],
    [true, 2],
    [raw("18446744073709551616"), 0],
    ["\ud800", "\u0000"],
    Array.from({ length: 20_000 }, () => 1),
  ],
  parameters: [
    ...sizes.map((size) => ({ binary_data_size: size })),
    { shared_memory_region: "r", shared_memory_byte_size: 8 },
    { binary_data: true },
    { content_type: "base64" },
    { content_type: {} },
    { binary_data_size: 8, "binary_data_size\u0002": 1 },
    [],
    "x",
  ],
};
