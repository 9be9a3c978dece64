import { z } from "zod";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { retryCalmly } from "../retry-calmly.ts";
import type { Surroundings } from "../surroundings.ts";
import type { KubernetesApi } from "./open-api.ts";
import { readSlice, type Slice } from "./read-slice.ts";

/** A service's slices as they are now, from memory once they were listed. */
export type FollowedSlices = {
  readonly now: (options: { readonly signal: AbortSignal }) => Promise<readonly Slice[]>;
  readonly close: () => Promise<void>;
};

export type Following = Pick<Surroundings, "clock" | "chance"> & {
  readonly api: Pick<KubernetesApi, "list" | "watch">;
  readonly service: string;
};

/** Servers end a watch after a while, which shows that both sides still live; each at another time. */
const watchSeconds = { least: 240, span: 60 };
/** A server that says nothing for so much longer is gone, whatever its connection says. */
const graceMs = 30_000;
const pauseMs = { clean: 1_000, least: 500, most: 30_000 };

/**
 *   UNASKED ── first question ──▶ LISTING ── listed ──▶ WATCHING ── ended by the server ──▶ WATCHING from there
 *      ▲                            │ │                     └── broken, too old, or nonsense ──▶ LISTING, after a while
 *      └── the first time it fails ─┘ └── it fails later: what is known stays, and it is LISTING again after a while
 *
 * Closed, it is in none of them.
 */
export function followSlices({ api, service, clock, chance }: Following): FollowedSlices {
  const known = new Map<string, Slice>();
  const stop = new AbortController();
  let begun: Promise<void> | undefined;
  let following: Promise<void> = Promise.resolve();

  const list = async (signal: AbortSignal): Promise<string> => {
    const calm = { clock, chance, signal, mayRepeat: "all" } as const;
    const { slices, version } = await retryCalmly(() => api.list(service, signal), calm);
    known.clear();
    for (const slice of slices) known.set(slice.metadata.name, slice);
    return version;
  };
  const watch = async (from: string): Promise<string> => {
    let version = from;
    const seconds = Math.floor(watchSeconds.least + watchSeconds.span * chance.number());
    await withPatience(clock, 1_000 * seconds + graceMs, stop.signal, (signal) => {
      const onLine = (line: string): void => {
        version = hear(line, known) ?? version;
      };
      return api.watch(service, { version, seconds, onLine, signal });
    });
    return version;
  };
  const follow = async (listed: string): Promise<void> => {
    let version: string | undefined = listed;
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        version ??= await list(stop.signal);
        version = await watch(version);
        failures = 0;
      } catch (error) {
        if (stop.signal.aborted) return;
        version = undefined;
        failures += 1;
        sideConcernSkipped.publish({ what: "finding backends", detail: service, error });
      }
      await clock.sleep(pauseOf(failures) * chance.number(), { signal: stop.signal }).catch(() => {});
    }
  };
  const begin = async (signal: AbortSignal): Promise<void> => {
    const version = await list(AbortSignal.any([signal, stop.signal]));
    following = follow(version);
  };
  return {
    now: async ({ signal }) => {
      begun ??= begin(signal).catch((error: unknown) => {
        begun = undefined;
        throw error;
      });
      await begun;
      return [...known.values()];
    },
    close: async () => {
      stop.abort(new TradewindError("draining", "nobody follows this service any more"));
      await following;
    },
  };
}

function pauseOf(failures: number): number {
  return failures === 0 ? pauseMs.clean : Math.min(pauseMs.most, pauseMs.least * 2 ** failures);
}

/** Gives up for the silence of the other side, which no socket tells of. */
async function withPatience(
  clock: Following["clock"],
  ms: number,
  stop: AbortSignal,
  ask: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const done = new AbortController();
  const silent = new AbortController();
  const reason = new TradewindError("provider_unavailable", "the API server fell silent");
  clock.sleep(ms, { signal: done.signal }).then(
    () => silent.abort(reason),
    () => {},
  );
  try {
    await ask(AbortSignal.any([stop, silent.signal]));
  } finally {
    done.abort();
  }
}

const event = z.object({ type: z.string().max(20), object: z.unknown() });
const bookmark = z.object({ metadata: z.object({ resourceVersion: z.string().min(1).max(1_024) }) });
const trouble = z.object({ code: z.int().optional(), message: z.string().optional() });

/** More slices than a service can have pods for. */
const mostSlices = 2_000;

/** Takes in one line of a watch, and says of which moment it told. */
function hear(line: string, known: Map<string, Slice>): string | undefined {
  const { type, object } = parsed(line);
  if (type === "ERROR") throw ended(object);
  if (type === "BOOKMARK") return bookmark.parse(object).metadata.resourceVersion;
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") return undefined;
  const slice = readSlice(object);
  const { name, resourceVersion } = slice.metadata;
  if (type === "DELETED") known.delete(name);
  else if (known.size < mostSlices || known.has(name)) known.set(name, slice);
  return resourceVersion ?? undefined;
}

function parsed(line: string): z.output<typeof event> {
  try {
    return event.parse(JSON.parse(line));
  } catch (cause) {
    throw new TradewindError("provider_answer_invalid", "the API server told something that is no event", {
      cause,
    });
  }
}

/** Most often that its memory does not reach back so far: 410. */
function ended(object: unknown): TradewindError {
  const { code, message = "no reason given" } = trouble.safeParse(object).data ?? {};
  const why = `the watch ended with ${code}: ${message.slice(0, 300)}`;
  return new TradewindError("provider_unavailable", why);
}
