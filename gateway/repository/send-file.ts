import type { BlobRange, BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { OnLeave } from "#infra/runtime/deadline.ts";
import type { InFlight } from "#infra/runtime/in-flight.ts";
import { type AskedRange, rangeWithin } from "./byte-range.ts";

export type FileAsk = {
  readonly key: string;
  readonly asked: AskedRange | undefined;
  /** Without it only what would be sent is said. */
  readonly isWanted: boolean;
  readonly onLeave: OnLeave;
};

export type OpenFile = {
  readonly totalBytes: number;
  /** Undefined where nothing of the file is asked for. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
};

export type SendDeps = {
  readonly blobs: Pick<BlobStore, "readRange">;
  readonly inFlight: InFlight;
  readonly clock: Clock;
};

/** A file on its way from the store to a caller: a chunk is read when one is wanted, and no two lie here. */
export async function sendFile(deps: SendDeps, ask: FileAsk): Promise<OpenFile> {
  const place = deps.inFlight.enter(chunkBytes);
  const ended = new AbortController();
  const unlisten = ask.onLeave(() => ended.abort(new Error("the caller left")));
  const end = (): void => {
    unlisten();
    place[Symbol.dispose]();
    ended.abort(new Error("it has ended"));
  };
  try {
    const opened = await open(deps, ask, ended.signal);
    const { totalBytes, range } = opened;
    if (opened.blob && ask.isWanted && range) {
      const body = streamOf(opened.blob, { clock: deps.clock, ended, end });
      return { totalBytes, range, body };
    }
    end();
    return { totalBytes, range, body: null };
  } catch (error) {
    end();
    throw error;
  }
}

const chunkBytes = 262_144;

/** A caller who takes nothing for so long makes room for another. */
const stallMs = 60_000;

type Opened = Pick<OpenFile, "totalBytes" | "range"> & { readonly blob: BlobRange | undefined };

/** How long a file is, the store says with its first bytes; a range that needs to know asks for one of them. */
async function open(
  { blobs }: SendDeps,
  { key, asked, isWanted }: FileAsk,
  signal: AbortSignal,
): Promise<Opened> {
  if (!asked && isWanted) {
    const blob = await blobs.readRange(key, { start: 0, end: Number.MAX_SAFE_INTEGER, signal });
    return { totalBytes: blob.totalBytes, range: { start: 0, end: blob.totalBytes }, blob };
  }
  const look = new AbortController();
  const looking = AbortSignal.any([signal, look.signal]);
  const { totalBytes } = await blobs.readRange(key, { start: 0, end: 1, signal: looking });
  look.abort(new Error("it has been looked at"));
  const range = asked ? rangeWithin(asked, totalBytes) : { start: 0, end: totalBytes };
  if (!range || !isWanted) return { totalBytes, range, blob: undefined };
  return { totalBytes, range, blob: await blobs.readRange(key, { ...range, signal }) };
}

type Streaming = {
  readonly clock: Clock;
  readonly ended: AbortController;
  readonly end: () => void;
};

function streamOf(
  blob: BlobRange,
  { clock, ended, end }: Streaming,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = blob.body[Symbol.asyncIterator]();
  let moved = new AbortController();
  const watch = (controller: ReadableStreamDefaultController): void => {
    moved = new AbortController();
    const over = AbortSignal.any([moved.signal, ended.signal]);
    clock.sleep(stallMs, { signal: over }).then(
      () => {
        const error = new Error(`nobody took a byte for ${stallMs} ms`);
        controller.error(error);
        ended.abort(error);
        end();
      },
      () => undefined,
    );
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: watch,
      pull: async (controller) => {
        moved.abort();
        try {
          const { done, value } = await chunks.next();
          if (done) {
            controller.close();
            end();
          } else {
            controller.enqueue(value as Uint8Array<ArrayBuffer>);
            watch(controller);
          }
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel: async () => {
        end();
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
