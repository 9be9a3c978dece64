import { addAbortSignal, type Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import type { BlobCalls } from "./blob-calls.ts";
import { checkKey, checkVersion, nameOf } from "./blob-key.ts";
import type { Bucket, Extent, GetRequest, Got } from "./bucket.ts";
import { steadyBody } from "./steady-body.ts";

export type OpenBodyParts = {
  readonly calls: BlobCalls;
  readonly bucket: Bucket;
  readonly base: string;
  readonly clock: Clock;
  readonly stallMs: number;
};

export type OpenBody = Extent & {
  readonly version: string;
  /** Every error of it is ours. */
  readonly body: AsyncIterable<Uint8Array>;
  /** For whoever won't read it after all. */
  readonly discard: () => void;
};

/** How often one reading takes up a broken body again. */
const resumes = 3;

/** A blob or a range of it: the version that is answered is the one that is read, also over a broken connection. */
export async function openBody(parts: OpenBodyParts, key: string, request: GetRequest): Promise<OpenBody> {
  const { calls, bucket, base, clock, stallMs } = parts;
  const { version: wanted, range, signal } = request;
  checkKey(key);
  checkVersion(wanted);
  const name = nameOf(base, key);
  const alive = calls.enter(signal);
  const get = (version: string | undefined, part: GetRequest["range"]): Promise<Got> =>
    calls.attempt(alive, async (one) =>
      bound(await bucket.get(name, { version, range: part, signal: one }), one),
    );
  const asked = { signal, what: key, version: wanted };
  const { version, extent, body: first } = await calls.translated(asked, () => get(wanted, range));
  const end = extent.start + extent.bytes;
  const reopen = async (start: number): Promise<Readable> => (await get(version, { start, end })).body;
  const body = steadyBody({ first, extent, reopen, resumes, clock, stallMs });
  return {
    ...extent,
    version,
    body: translatedBody(body, (error) => calls.translate(error, { ...asked, version })),
    discard: () => void first.destroy(),
  };
}

/** A body must not outlive its signal, nor end the process by an error while nobody reads it: this listens for both. */
function bound(got: Got, signal: AbortSignal): Got {
  addAbortSignal(signal, got.body);
  return got;
}

async function* translatedBody(
  body: AsyncIterable<Uint8Array>,
  translate: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw translate(error);
  }
}
