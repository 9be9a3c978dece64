import type { Random } from "../random.ts";

export type MutateOptions = {
  readonly random: Random;
  readonly others: readonly Buffer[];
  /** Signs a list's text with keys that may not sign everything. */
  readonly sign: (text: string) => string;
};

type Mutation = (bytes: Buffer, options: MutateOptions) => Buffer;
type Words = { [name: string]: unknown };

const oddValues: readonly unknown[] = [
  ...[0, -1, 0.5, 1e308, 2 ** 53 + 2, -0, 2 ** 31, Number.MAX_SAFE_INTEGER],
  ...[
    "",
    "root",
    "9".repeat(400),
    "2099-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "not a date",
    "\u0000",
    "\ud800",
  ],
  ...[null, true, false, [], {}, [[[[[]]]]], [null], { a: { b: { c: {} } } }],
];

/** One change of a list by somebody who wishes it ill. */
export function mutateList(
  bytes: Buffer,
  options: MutateOptions,
): { readonly how: string; readonly mutated: Buffer } {
  const names = Object.keys(mutations);
  const how = names[options.random.integer(0, names.length - 1)] ?? "";
  try {
    return { how, mutated: mutations[how]?.(bytes, options) ?? bytes };
  } catch {
    // It was spoilt already, so that there is no more JSON in it to change.
    return { how: "twice", mutated: mutations.flip?.(bytes, options) ?? bytes };
  }
}

const mutations: Readonly<Record<string, Mutation>> = {
  flip: (bytes, { random }) => {
    const flipped = Buffer.from(bytes);
    for (let count = random.integer(1, 8); count > 0 && flipped.byteLength > 0; count -= 1) {
      const at = random.integer(0, flipped.byteLength - 1);
      flipped[at] = random.integer(0, 255);
    }
    return flipped;
  },
  cut: (bytes, { random }) => bytes.subarray(0, random.integer(0, bytes.byteLength)),
  nuls: (bytes, { random }) => {
    const at = random.integer(0, bytes.byteLength);
    return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.byteLength - at)]);
  },
  twice: (bytes) => Buffer.concat([bytes, bytes]),
  insert: (bytes, { random }) => {
    const at = random.integer(0, bytes.byteLength);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.bits() & 255]), bytes.subarray(at)]);
  },
  blank: (bytes) => Buffer.concat([Buffer.from(" \n"), bytes, Buffer.from("\t")]),
  another: (_, { others, random }) => others[random.integer(0, others.length - 1)] ?? Buffer.alloc(0),
  nest: (_, { random }) => Buffer.from(nested(random.integer(10, 60_000), random.chance(0.5))),
  flood: (bytes, { random }) => Buffer.concat([bytes, Buffer.alloc(random.integer(1, 6_000_000), 0x20)]),
  odd: (bytes, options) => changed(bytes, (words) => setSomewhere(words, options.random)),
  drop: (bytes, { random }) =>
    changed(bytes, (words) => {
      const { holder, name } = somewhere(words, random);
      delete holder[name];
    }),
  prototype: (bytes, { random }) => {
    const key = random.chance(0.5) ? "__proto__" : "constructor";
    const text = bytes.toString();
    const places = [...text.matchAll(/\{"/g)].map(({ index }) => index);
    const at = places[random.integer(0, places.length - 1)] ?? 0;
    return Buffer.from(`${text.slice(0, at)}{"${key}":{"version":99,"threshold":0},${text.slice(at + 1)}`);
  },
  repeatedKey: (bytes, { random }) =>
    Buffer.from(bytes.toString().replace('"version":', `"version":${random.integer(-5, 500)},"version":`)),
  threshold: (bytes) => Buffer.from(bytes.toString().replaceAll(/"threshold":\d+/g, '"threshold":0')),
  later: (bytes) => Buffer.from(bytes.toString().replaceAll(/"expires":"\d+/g, '"expires":"2999')),
  unsigned: (bytes) => changed(bytes, (words) => Object.assign(words, { signatures: [] })),
  signatures: (bytes, { random }) =>
    changed(bytes, (words) => {
      const signatures = words.signatures as Words[];
      setSomewhere({ signatures }, random);
      signatures.push(...signatures.slice(0, random.integer(0, 2)));
    }),
  signaturesOfAnother: (bytes, { others, random }) =>
    changed(bytes, (words) => {
      const other = others[random.integer(0, others.length - 1)];
      words.signatures = JSON.parse(other?.toString() ?? "{}").signatures;
    }),
  signedByOnline: (bytes, { random, sign }) => {
    const changedWords = changed(bytes, (words) => setSomewhere({ signed: words.signed }, random));
    return signsFreshness(bytes) ? bytes : Buffer.from(sign(changedWords.toString()));
  },
  many: (bytes, { random }) =>
    changed(bytes, (words) => {
      const more = Array.from({ length: random.integer(100, 2_000) }, (_, index) => [`k${index}`, {}]);
      Object.assign(words.signed as Words, { keys: Object.fromEntries(more) });
    }),
};

function changed(bytes: Buffer, change: (words: Words) => void): Buffer {
  const words = JSON.parse(bytes.toString()) as Words;
  change(words);
  return Buffer.from(JSON.stringify(words));
}

/** The online key may sign a timestamp and a snapshot of any words, so those are left as they are. */
function signsFreshness(bytes: Buffer): boolean {
  return ["timestamp", "snapshot"].includes(JSON.parse(bytes.toString()).signed._type);
}

function setSomewhere(words: Words, random: Random): void {
  const { holder, name } = somewhere(words, random);
  holder[name] = oddValues[random.integer(0, oddValues.length - 1)];
}

/** A random place in the words, however deep. */
function somewhere(words: Words, random: Random): { holder: Words; name: string } {
  let holder = words;
  for (;;) {
    const names = Object.keys(holder);
    const name = names[random.integer(0, names.length - 1)] ?? "new";
    const below = holder[name];
    const goesOn =
      typeof below === "object" && below !== null && Object.keys(below).length > 0 && random.chance(0.85);
    if (!goesOn) return { holder, name };
    holder = below as Words;
  }
}

function nested(depth: number, asLists: boolean): string {
  return asLists
    ? "[".repeat(depth) + "]".repeat(depth)
    : `${'{"signed":'.repeat(depth)}1${"}".repeat(depth)}`;
}
