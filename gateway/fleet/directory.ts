import type { DescribedModel } from "#adapters/open-inference.ts";
import type { ModelInfo } from "#inference/contract.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Backend, Fleet, Route } from "./snapshot.ts";

/**
 * What each backend says of each model it should have, asked beside the path. A pair is in one of these states, and
 * only `ask` moves it:
 *
 *   UNKNOWN   never answered, or not for three questions in a row: the pair gets no traffic, and goes on being asked
 *   KNOWN     described: the pair may be chosen, and goes on being asked, since a version may have changed
 *   DOUBTED   known, but one or two questions were not answered: still chosen, for a busy backend is not a dead one
 *
 * A backend that cannot be reached at all, or says that it does not have the model, is UNKNOWN at once.
 */
export type Directory = AsyncDisposable & {
  readonly find: (backend: Backend, model: string) => DescribedModel | undefined;
  /** The same for one of the versions that the backend has, which is asked for when somebody first wants it. */
  readonly findVersion: (
    backend: Backend,
    model: string,
    version: string,
    options: { readonly signal: AbortSignal },
  ) => Promise<ModelInfo | undefined>;
  /** What was last heard of a model from anybody: its answers in the cache outlive its backends. */
  readonly lastHeard: (model: string) => DescribedModel | undefined;
  /** Another number whenever `find` may answer otherwise than before. */
  readonly revision: () => number;
  /** Whether every route has a backend that can answer. */
  readonly complete: () => boolean;
  /** Whether any route has one. */
  readonly useful: () => boolean;
  readonly close: () => Promise<void>;
};

export type DirectoryOptions = {
  readonly fleet: Fleet;
  readonly clock: Clock;
  /**
   * Who sleeps is asked until it has answered once, and then only while it is awake anyway: a question would wake it, and
   * cost. One that never answers is asked ever more seldom.
   */
  readonly isAsleep?: (backend: Backend) => boolean;
  /** What is known of a pair already, as from the configuration before: believed at once, and enough for who sleeps. */
  readonly before?: (backend: Backend, model: string) => DescribedModel | undefined;
  /** Told of each answer, since who answers is back; who sleeps is not asked, and nobody is woken for it. */
  readonly onAnswered?: (backend: Backend) => void;
  /** Whom nothing is known of is waited for at the opening, or everybody; all the others are asked at once beside it. */
  readonly waitFor?: "everybody" | "strangers";
  readonly askAgainMs?: number;
  readonly timeoutMs?: number;
};

const mostDoubts = 3;

/** So many pairs are asked in one moment. */
const mostTogether = 30;

/** More pairs than this are asked more seldom, so that a large fleet costs no more questions, up to so many times. */
const mostEachTime = 100;
const mostSeldom = 5;

/** Versions that somebody pinned; a version's description never changes, so forgetting all of them costs one question each. */
const mostVersions = 1_000;

type Pair = { readonly backend: Backend; readonly model: string };

/** Asks everybody once before it returns, so that a fleet that is up is known when the door opens. */
export async function openDirectory(options: DirectoryOptions): Promise<Directory> {
  const { fleet, clock, isAsleep = () => false, before, onAnswered } = options;
  const { waitFor = "everybody", askAgainMs = 1_000, timeoutMs = 2_000 } = options;
  const pairs = pairsOf(fleet);
  const known = createDescriptions();
  for (const pair of pairs) {
    const described = before?.(pair.backend, pair.model);
    if (described) known.learn(pair, described);
  }
  const stop = new AbortController();
  const ask = async (pair: Pair, turn: number): Promise<void> => {
    const { backend, model } = pair;
    if (isAsleep(backend) && (known.find(backend, model) || !isDue(turn, known.doubts(pair)))) return;
    try {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(timeoutMs)]);
      known.learn(pair, await backend.client.describe(model, { signal }));
      onAnswered?.(backend);
    } catch (error) {
      if (stop.signal.aborted) return;
      known.doubt(pair, error);
      sideConcernSkipped.publish({ what: "describing a model", detail: `${model} at ${backend.id}`, error });
    }
  };
  const strangers = pairs.filter(({ backend, model }) => !known.find(backend, model));
  const [first, isSoon] = waitFor === "everybody" ? [pairs, false] : [strangers, true];
  await Promise.all(first.map((pair) => ask(pair, 1)));
  const turning = keepAsking({ pairs, ask, clock, askAgainMs, isSoon, signal: stop.signal });
  const close = async (): Promise<void> => {
    stop.abort();
    await turning;
  };
  const { find, lastHeard, revision } = known;
  return {
    find,
    revision,
    findVersion: createVersions(find),
    lastHeard,
    complete: () => [...fleet.routes.values()].every((route) => isServed(route, find)),
    useful: () => [...fleet.routes.values()].some((route) => isServed(route, find)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Descriptions = Pick<Directory, "find" | "lastHeard" | "revision"> & {
  readonly learn: (pair: Pair, described: DescribedModel) => void;
  readonly doubt: (pair: Pair, error: unknown) => void;
  /** Questions in a row without an answer. */
  readonly doubts: (pair: Pair) => number;
};

/** Holds the states of all pairs. */
function createDescriptions(): Descriptions {
  const known = new WeakMap<Backend, Map<string, DescribedModel>>();
  const heard = new Map<string, DescribedModel>();
  const doubts = new Map<string, number>();
  let revision = 0;
  return {
    revision: () => revision,
    find: (backend, model) => known.get(backend)?.get(model),
    lastHeard: (model) => heard.get(model),
    doubts: ({ backend, model }) => doubts.get(keyOf(backend, model)) ?? 0,
    learn: ({ backend, model }, described) => {
      const models = known.get(backend) ?? new Map<string, DescribedModel>();
      known.set(backend, models.set(described.name, described));
      revision += 1;
      heard.set(model, described);
      doubts.delete(keyOf(backend, model));
    },
    doubt: ({ backend, model }, error) => {
      const key = keyOf(backend, model);
      const count = (doubts.get(key) ?? 0) + 1;
      doubts.set(key, count);
      if (!isGone(error) && count < mostDoubts) return;
      known.get(backend)?.delete(model);
      revision += 1;
    },
  };
}

/** Starts take so many turns as a rule. */
const usualStart = 30;

const mostDoublings = 12;

/** A question to one that sleeps may start an instance for nothing, each time that it fails. */
function isDue(turn: number, failed: number): boolean {
  return turn % 2 ** Math.min(Math.max(0, failed - usualStart), mostDoublings) === 0;
}

function createVersions(find: Directory["find"]): Directory["findVersion"] {
  const versions = new Map<string, ModelInfo>();
  return async (backend, model, version, { signal }) => {
    const latest = find(backend, model);
    if (!latest?.versions.includes(version)) return undefined;
    if (latest.version === version) return latest;
    const key = `${keyOf(backend, model)}@${version}`;
    const info = versions.get(key) ?? (await backend.client.describe(model, { version, signal }));
    if (versions.size >= mostVersions) versions.clear();
    versions.set(key, info);
    return info;
  };
}

type Asking = {
  readonly pairs: readonly Pair[];
  readonly ask: (pair: Pair, turn: number) => Promise<void>;
  readonly clock: Clock;
  readonly askAgainMs: number;
  /** The first turn waits for nothing. */
  readonly isSoon: boolean;
  readonly signal: AbortSignal;
};

/** A large fleet is asked part by part, since hundreds of questions at once would hold up the requests between them. */
async function keepAsking(asking: Asking): Promise<void> {
  const { pairs, ask, clock, askAgainMs, isSoon, signal } = asking;
  const parts = Math.ceil(pairs.length / mostTogether);
  const everyMs = askAgainMs * Math.min(mostSeldom, Math.max(1, pairs.length / mostEachTime));
  const wait = (ms: number) => clock.sleep(ms, { signal }).catch(() => {});
  const keepAskingPart = async (part: number): Promise<void> => {
    const own = pairs.filter((_, place) => place % parts === part);
    if (part > 0) await wait((everyMs * part) / parts);
    for (let turn = 2; !signal.aborted; turn += 1) {
      if (turn > 2 || !isSoon) await wait(everyMs);
      if (!signal.aborted) await Promise.all(own.map((pair) => ask(pair, turn)));
    }
  };
  await Promise.all(Array.from({ length: parts }, (_, part) => keepAskingPart(part)));
}

function isServed({ backends, model }: Route, find: Directory["find"]): boolean {
  return backends.some((backend) => find(backend, model));
}

function isGone(error: unknown): boolean {
  const { code } = asTradewindError(error);
  return code === "backend_unreachable" || code === "model_unknown";
}

function pairsOf({ routes }: Fleet): Pair[] {
  return [...routes.values()].flatMap(({ backends, model }) =>
    backends.map((backend) => ({ backend, model })),
  );
}

function keyOf(backend: Backend, model: string): string {
  return `${backend.url} ${model}`;
}
