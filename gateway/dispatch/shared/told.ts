import type { ToldLatency } from "../latency-model.ts";

/** What one gateway tells the others of one backend. Times are what is left of them: no two clocks are the same. */
export type ToldStanding = {
  /** How many of its requests are there as a rule. */
  readonly inFlight: number;
  /** How often it was ejected or became full there. */
  readonly news: number;
  /** For how long it is ejected or full there. */
  readonly restsMs: number;
  /** For how long it stays awake as that gateway has seen itself, and how much of it. */
  readonly awakeMs: number;
  readonly most: number;
};

/** What one gateway tells each second. */
export type Told = {
  readonly id: string;
  /** Grows with each telling, so that the same words are not heard twice. */
  readonly turn: number;
  readonly backends: ReadonlyMap<string, ToldStanding>;
};

/** What one gateway has learned of speeds, by backend and model. */
export type ToldLatencies = ReadonlyMap<string, ReadonlyMap<string, ToldLatency>>;

/** Of one telling, well below what the soft state takes; what does not fit is left out. */
const mostCharacters = 256 * 1024;

/** What cannot be read is from another version or from a stranger. */
const version = 1;

export function writeTold({ id, turn, backends }: Told): string {
  const entries = [...backends].map(([name, { inFlight, news, restsMs, awakeMs, most }]) => {
    const numbers = [round(inFlight), news, Math.ceil(restsMs), Math.floor(awakeMs), Math.round(most)];
    return `${JSON.stringify(name)}:${JSON.stringify(numbers)}`;
  });
  const head = { version, id, turn };
  return `{"head":${JSON.stringify(head)},"backends":{${asMuchAsFits(entries)}}}`;
}

export function writeLatencies(latencies: ToldLatencies): string {
  const entries = [...latencies].map(([name, models]) => {
    const ofModels = [...models].map(([model, told]) => [model, wordsOf(told)]);
    return `${JSON.stringify(name)}:${JSON.stringify(Object.fromEntries(ofModels))}`;
  });
  return `{"head":{"version":${version}},"backends":{${asMuchAsFits(entries)}}}`;
}

/** Undefined for what is none; of backends that nobody here knows nothing is kept. */
export function readTold(bytes: Uint8Array, names: ReadonlySet<string>): Told | undefined {
  const read = readJson(bytes);
  const { id, turn } = record(read?.head);
  if (!read || typeof id !== "string" || id.length > mostId || !isWhole(turn)) return undefined;
  const backends = new Map<string, ToldStanding>();
  for (const [name, numbers] of ownOf(read.backends, names)) {
    const standing = readStanding(numbers);
    if (standing) backends.set(name, standing);
  }
  return { id, turn, backends };
}

export function readLatencies(
  bytes: Uint8Array,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
): ToldLatencies {
  const read = readJson(bytes);
  const latencies = new Map<string, ReadonlyMap<string, ToldLatency>>();
  for (const [name, models] of ownOf(read?.backends, wanted.keys())) {
    const ofModels = new Map<string, ToldLatency>();
    for (const [model, words] of ownOf(models, wanted.get(name) ?? [])) {
      const told = readLatency(words);
      if (told) ofModels.set(model, told);
    }
    latencies.set(name, ofModels);
  }
  return latencies;
}

const mostId = 64;
const mostInFlight = 1e6;
const longestMs = 30 * 24 * 3_600_000;
const mostSamples = 1e12;
const mostMs = 1e7;
const mostNumbers = 256;

function round(number: number): number {
  return Number(number.toPrecision(4));
}

function wordsOf({ samples, ageMs, level, curve, tail }: ToldLatency): unknown {
  return [samples, Math.round(ageMs), round(level), curve.map(round), tail.map(round)];
}

function asMuchAsFits(entries: readonly string[]): string {
  let characters = 0;
  const fitting = entries.filter((entry) => {
    characters += entry.length + 1;
    return characters <= mostCharacters;
  });
  return fitting.join(",");
}

function readJson(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (bytes.byteLength > 2 * mostCharacters) return undefined;
  try {
    const read = record(JSON.parse(new TextDecoder().decode(bytes)));
    return record(read.head).version === version ? read : undefined;
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function ownOf(value: unknown, names: Iterable<string>): (readonly [string, unknown])[] {
  const found = record(value);
  return [...names].flatMap((name) => (Object.hasOwn(found, name) ? [[name, found[name]] as const] : []));
}

function readStanding(value: unknown): ToldStanding | undefined {
  if (!Array.isArray(value)) return undefined;
  const [inFlight, news, restsMs, awakeMs, most] = value as readonly unknown[];
  if (!isWithin(inFlight, mostInFlight) || !isWhole(news) || !isWithin(most, mostInFlight)) return undefined;
  if (!isWithin(restsMs, longestMs) || !isWithin(awakeMs, longestMs)) return undefined;
  return { inFlight, news, restsMs, awakeMs, most };
}

function readLatency(value: unknown): ToldLatency | undefined {
  if (!Array.isArray(value)) return undefined;
  const [samples, ageMs, level, curve, tail] = value as readonly unknown[];
  if (!isWithin(samples, mostSamples) || !isWithin(ageMs, longestMs)) return undefined;
  if (!isWithin(level, mostInFlight)) return undefined;
  if (!areNumbers(curve, 3) || !areNumbers(tail, 2)) return undefined;
  return { samples, ageMs, level, curve, tail };
}

/** Groups of numbers of which the first is a place. */
function areNumbers(value: unknown, group: number): value is number[] {
  if (!Array.isArray(value) || value.length > mostNumbers || value.length % group !== 0) return false;
  return value.every((number: unknown, at) =>
    at % group === 0 ? isWhole(number) : isWithin(number, mostMs),
  );
}

function isWithin(value: unknown, most: number): value is number {
  return typeof value === "number" && value >= 0 && value <= most;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && isWithin(value, Number.MAX_SAFE_INTEGER);
}
