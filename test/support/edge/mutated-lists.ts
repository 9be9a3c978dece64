import { Metadata, Signature } from "@tufjs/models";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "../fake-clock.ts";
import { type Random, seededRandom } from "../random.ts";
import { addFamily } from "./family.ts";
import type { ListKey } from "./list-keys.ts";
import { createMemoryDisk } from "./memory-disk.ts";
import { mutateList } from "./mutate-list.ts";
import { type SimulatedRepository, simulateRepository } from "./simulated-repository.ts";
import { type TrustingDevice, trustingDevice } from "./trusting-device.ts";

export type MutatedLists = {
  readonly findings: readonly string[];
  /** How many refreshes ended in which way. */
  readonly outcomes: Readonly<Record<string, number>>;
};

const mayEndWith = [
  "held",
  "repository_refused",
  "repository_expired",
  "repository_unreachable",
  "network_captive",
];

/**
 * A device that has one release is offered the next, with one to three lists changed by whoever stands between. Whatever
 * they are, it ends with one of the known errors and all as it was, or with words that were signed, letter for letter.
 */
export async function refreshMutated(options: {
  readonly count: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}): Promise<MutatedLists> {
  const world = await prepareWorld();
  const random = seededRandom(options.seed);
  const findings: string[] = [];
  const outcomes: Record<string, number> = {};
  let device = await world.device();
  for (let index = 0; index < options.count && !options.signal?.aborted; index += 1) {
    const told = spoil(world, random);
    const [state, list] = [device.state.state, device.trust.list()];
    const outcome = await refreshOnce(device);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    const wrongs = [
      mayEndWith.includes(outcome) ? undefined : `ended with ${outcome}`,
      outcome !== "held" && device.state.state !== state ? "failed and changed the state" : undefined,
      outcome !== "held" && device.trust.list() !== list ? "failed and changed the list" : undefined,
      ...keptLists(device).map((words) =>
        world.signed.has(words) ? undefined : `kept ${words.slice(0, 200)}`,
      ),
    ];
    findings.push(...wrongs.flatMap((wrong) => (wrong ? [`#${index} (${told}) ${wrong}`] : [])));
    if (outcome === "held") device = await world.device();
  }
  return { findings: findings.slice(0, 20), outcomes };
}

type World = {
  readonly repo: SimulatedRepository;
  readonly good: ReadonlyMap<string, Buffer>;
  readonly online: readonly ListKey[];
  /** Everything that was ever signed, as text without its signatures. */
  readonly signed: Set<string>;
  readonly device: () => Promise<TrustingDevice>;
};

async function prepareWorld(): Promise<World> {
  const repo = simulateRepository();
  const family = addFamily(repo);
  family.add(1);
  family.publish();
  const signed = new Set([...repo.published.values()].map(wordsOf));
  const first = await trustingDevice(repo);
  await first.refresh();
  const files = [...first.disk.files];
  const firstRoot = repo.published1();
  repo.addKey("root");
  repo.publish("root");
  family.add(2);
  family.publish();
  for (const bytes of repo.published.values()) signed.add(wordsOf(bytes));
  const device = (): Promise<TrustingDevice> => {
    const disk = createMemoryDisk();
    for (const [path, bytes] of files) disk.files.set(path, Buffer.from(bytes));
    return trustingDevice(repo, { disk, firstRoot, clock: createFakeClock() });
  };
  return { repo, good: new Map(repo.published), online: repo.signers.get("timestamp") ?? [], signed, device };
}

/** Puts the good lists back and changes some of them; what was done is told, to be found again. */
function spoil({ repo, good, online }: World, random: Random): string {
  repo.published.clear();
  for (const [name, bytes] of good) repo.published.set(name, bytes);
  const names = [
    "2.root.json",
    "timestamp.json",
    "3.snapshot.json",
    "3.targets.json",
    "2.digits-n.json",
    "3.root.json",
  ];
  const told: string[] = [];
  for (let changes = random.integer(1, 3); changes > 0; changes -= 1) {
    const name = names[random.integer(0, names.length - 1)] ?? "";
    const others = [...good.values()];
    const bytes = repo.published.get(name) ?? others[random.integer(0, others.length - 1)] ?? Buffer.alloc(0);
    const { how, mutated } = mutateList(bytes, { random, others, sign: (words) => signAgain(words, online) });
    repo.published.set(name, mutated);
    told.push(`${how} ${name}`);
  }
  return told.join(", ");
}

/** What whoever stole the online key could do to any list. */
function signAgain(text: string, keys: readonly ListKey[]): string {
  const words = JSON.parse(text);
  const list = Metadata.fromJSON(words.signed._type, { ...words, signatures: [] });
  for (const key of keys) list.sign((bytes) => new Signature({ keyID: key.id, sig: key.sign(bytes) }));
  return JSON.stringify({ ...words, signatures: list.toJSON().signatures });
}

async function refreshOnce({ trust }: TrustingDevice): Promise<string> {
  try {
    await trust.refresh({ signal: new AbortController().signal });
    return "held";
  } catch (error) {
    return asTradewindError(error).code;
  }
}

function keptLists({ disk, state }: TrustingDevice): string[] {
  const folder = `/data/trust/${state.state.trust.generation}/`;
  return [...disk.files].flatMap(([path, bytes]) => (path.startsWith(folder) ? [wordsOf(bytes)] : []));
}

function wordsOf(bytes: Buffer): string {
  return JSON.stringify(JSON.parse(bytes.toString()).signed, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
}
