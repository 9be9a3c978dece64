import type { Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import { TradewindError } from "../errors.ts";
import type { Extent } from "./bucket.ts";

export type SteadyBody = {
  readonly first: Readable;
  readonly extent: Extent;
  /** The same version from a later byte on. */
  readonly reopen: (start: number) => Promise<Readable>;
  /** How often a body that breaks off is taken up again where it stopped. */
  readonly resumes: number;
  readonly clock: Clock;
  /** A body that says nothing for so long (at most twice as long) has broken off. */
  readonly stallMs: number;
};

/** Exactly the bytes that were announced, over as many bodies as that takes, or an error. */
export async function* steadyBody(options: SteadyBody): AsyncGenerator<Uint8Array, void, undefined> {
  const { extent, reopen, resumes } = options;
  const progress = { at: extent.start, end: extent.start + extent.bytes };
  let body = options.first;
  for (let resumed = 0; ; resumed += 1) {
    try {
      yield* toTheEnd(body, progress, options);
      return;
    } catch (error) {
      if (error instanceof TradewindError || resumed >= resumes) throw error;
    }
    body = await reopen(progress.at);
  }
}

type Progress = { at: number; readonly end: number };

async function* toTheEnd(
  body: Readable,
  progress: Progress,
  options: SteadyBody,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of watched(body, options)) {
      progress.at += chunk.byteLength;
      if (progress.at > progress.end) throw tooMany(options.extent);
      yield chunk;
    }
  } catch (error) {
    // Whatever befell the connection after the last byte, the blob is whole.
    if (error instanceof TradewindError || progress.at < progress.end) throw error;
  }
  if (progress.at < progress.end) throw new Error(`the body ended ${progress.end - progress.at} bytes early`);
}

/** A server may hold a connection open and send nothing for ever; only time spent waiting for it counts. */
async function* watched(body: Readable, { clock, stallMs }: SteadyBody): AsyncGenerator<Uint8Array> {
  const done = new AbortController();
  const pulse = { beats: 0, waiting: true };
  watch({ body, pulse, clock, stallMs, done: done.signal }).catch(() => undefined);
  try {
    for await (const chunk of body) {
      pulse.waiting = false;
      yield chunk;
      pulse.waiting = true;
      pulse.beats += 1;
    }
  } finally {
    done.abort();
    body.destroy();
  }
}

type Watch = Pick<SteadyBody, "clock" | "stallMs"> & {
  readonly body: Readable;
  readonly pulse: { beats: number; waiting: boolean };
  readonly done: AbortSignal;
};

async function watch({ body, pulse, clock, stallMs, done }: Watch): Promise<void> {
  for (;;) {
    const before = pulse.waiting ? pulse.beats : -1;
    await clock.sleep(stallMs, { signal: done });
    if (pulse.waiting && pulse.beats === before) body.destroy(new Error(`no bytes for ${stallMs} ms`));
  }
}

function tooMany({ bytes }: Extent): TradewindError {
  return new TradewindError("blob_invalid", `the store sent more than the ${bytes} bytes it announced`);
}
