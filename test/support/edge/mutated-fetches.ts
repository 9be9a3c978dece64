import { fetchFile } from "#edge/fetch/fetch-file.ts";
import { blockBytes } from "#inference/artefacts/artefact.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Random, seededRandom } from "../random.ts";
import { createFakeOrigin, type DraftAnswer, type Tamper } from "./fake-origin.ts";
import { fetching, noise, part } from "./fetched.ts";
import { createMemoryDisk, type MemoryDisk } from "./memory-disk.ts";

export type FuzzFigures = {
  /** One line for each thing that must not happen. */
  readonly findings: readonly string[];
  readonly whole: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Answers that were mutated. */
  readonly mutated: number;
};

const final = "models/final";

/** Fetches so many files from servers that lie and break by a seed; what is not the file never gets its name. */
export async function fuzzFetches({
  count,
  seed,
}: {
  readonly count: number;
  readonly seed: number;
}): Promise<FuzzFigures> {
  const findings: string[] = [];
  const refused: Record<string, number> = {};
  let [whole, mutated] = [0, 0];
  for (let index = 0; mutated < count; index += 1) {
    const random = seededRandom(seed * 1_000_003 + index);
    const content = some(random.integer(1, 6 * blockBytes), random);
    const outcome = await fetchOnce(content, random);
    mutated += outcome.mutated;
    if (outcome.code === undefined) whole += 1;
    else refused[outcome.code] = (refused[outcome.code] ?? 0) + 1;
    findings.push(...outcome.findings.map((found) => `${index}: ${found}`));
  }
  return { findings, whole, refused, mutated };
}

const pool = noise(2 ** 21);

/** So many bytes that nothing guesses, made once. */
function some(bytes: number, random: Random): Buffer {
  const at = random.integer(0, pool.byteLength - bytes);
  return pool.subarray(at, at + bytes);
}

const expected = ["repository_refused", "repository_unreachable", "disk_full", "network_captive"];

async function fetchOnce(content: Buffer, random: Random) {
  const fs = createMemoryDisk();
  let mutated = 0;
  const evil = random.between(0, 1);
  const always: Tamper = (draft) => {
    if (!random.chance(evil)) return draft;
    mutated += 1;
    return mutate(draft, random);
  };
  const origins = Array.from({ length: random.integer(1, 2) }, () =>
    Object.assign(createFakeOrigin(content), { always }),
  );
  if (random.chance(0.3)) fs.files.set(part, leftover(content, random));
  const findings: string[] = [];
  let code: string | undefined;
  try {
    await fetchFile(fetching(content, { fs, origins, chance: { number: () => random.between(0, 1) } }));
    await fs.rename(part, final);
  } catch (error) {
    code = error instanceof TradewindError ? error.code : String(error);
    if (!expected.includes(code)) findings.push(`it failed with ${code}`);
  }
  findings.push(...judge(fs, content, code));
  const sent = origins.reduce((sum, origin) => sum + origin.sent, 0);
  if (sent > 2 * content.byteLength + 2 * blockBytes)
    findings.push(`${sent} bytes for ${content.byteLength}`);
  return { findings, code, mutated };
}

function judge({ files }: MemoryDisk, content: Buffer, code: string | undefined): string[] {
  const named = files.get(final);
  if (code !== undefined) return named ? ["it failed and has its name"] : [];
  return named?.equals(content) ? [] : ["a wrong file has its name"];
}

/** What an earlier process may have left: the beginning of the file, damaged, or of another, or too long. */
function leftover(content: Buffer, random: Random): Buffer {
  const kinds = [
    () => Buffer.from(content.subarray(0, random.integer(0, content.byteLength))),
    () => some(random.integer(0, content.byteLength), random),
    () => Buffer.concat([content, some(random.integer(1, blockBytes), random)]),
    () => Buffer.alloc(content.byteLength),
    () => Buffer.from(spoilt(content, random)),
  ];
  return pick(kinds, random)();
}

type Mutation = (draft: DraftAnswer, random: Random) => DraftAnswer;

const mutations: readonly Mutation[] = [
  (draft, random) => ({ ...draft, body: spoilt(draft.body, random) }),
  (draft, random) => ({ ...draft, cutAfter: random.integer(0, draft.body.byteLength) }),
  (draft, random) => ({ ...draft, body: draft.body.subarray(0, random.integer(0, draft.body.byteLength)) }),
  (draft, random) => ({ ...draft, body: draft.body.subarray(random.integer(0, 1_000)) }),
  (draft, random) => ({
    ...draft,
    body: Buffer.concat([draft.body, some(random.integer(1, 200_000), random)]),
  }),
  (draft, random) => ({ ...draft, body: some(draft.body.byteLength, random) }),
  (draft) => ({ ...draft, body: new Uint8Array(draft.body.byteLength) }),
  (draft, random) => ({
    ...draft,
    status: pick([200, 206, 204, 302, 304, 400, 404, 416, 429, 500, 503], random),
  }),
  (draft, random) => ({ ...draft, pieceBytes: random.integer(1_000, 100_000) }),
  (draft, random) => headed(draft, "content-range", garbled(draft.headers["content-range"] ?? "", random)),
  (draft, random) =>
    headed(draft, "content-length", pick(["0", "-1", "1e3", "99999999999999999", "many", ""], random)),
  (draft, random) => headed(draft, "etag", pick(['W/"tag"', "", '"other"', "tag", '"'], random)),
  (draft, random) => headed(draft, "content-encoding", pick(["gzip", "br", "identity", "x"], random)),
  (draft, random) => headed(draft, "retry-after", pick(["0", "3600", "-5", "soon"], random)),
  ({ headers: _, ...draft }) => ({ ...draft, headers: {} }),
];

function mutate(draft: DraftAnswer, random: Random): DraftAnswer {
  const once = pick(mutations, random)(draft, random);
  return random.chance(0.3) ? pick(mutations, random)(once, random) : once;
}

function headed(draft: DraftAnswer, name: string, value: string): DraftAnswer {
  return { ...draft, headers: { ...draft.headers, [name]: value } };
}

function garbled(range: string, random: Random): string {
  const digits = [...range.matchAll(/\d/g)].map(({ index }) => index);
  if (digits.length === 0 || random.chance(0.3))
    return pick(["bytes */5", "bytes 0-0/1", "", "bytes 9-1/2"], random);
  const place = pick(digits, random);
  return range.slice(0, place) + random.integer(0, 9) + range.slice(place + 1);
}

function spoilt(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let flips = random.integer(1, 4); flips > 0 && copy.byteLength > 0; flips -= 1) {
    const place = random.integer(0, copy.byteLength - 1);
    copy[place] = (copy[place] ?? 0) ^ (1 << random.integer(0, 7));
  }
  return copy;
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[random.integer(0, items.length - 1)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}
