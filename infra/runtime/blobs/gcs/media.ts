import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Clock } from "../../clock.ts";
import type { GetRequest, Patience } from "../bucket.ts";
import { Refused } from "./errors.ts";

export type MediaOptions = {
  /** Of the objects of one bucket. */
  readonly address: string;
  /** Headers that say who asks. */
  readonly authorize: ((url: string) => Promise<Headers>) | undefined;
  readonly patience: Patience;
  readonly clock: Clock;
};

export type Media = {
  readonly get: (name: string, request: GetRequest) => Promise<MediaAnswer>;
  readonly close: () => Promise<void>;
};

export type MediaAnswer = {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readable;
};

const busy = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Objects' bytes. The client's own streams can't be given up without closing its other connections too, and one that
 * is tried again ends the process by a rejection that nobody can catch; so of the client only the credentials are used.
 */
export async function openMedia(options: MediaOptions): Promise<Media> {
  const { Agent, request } = await import("undici");
  const { connectTimeoutMs, timeoutMs } = options.patience;
  // Silence amid a body is watched by whoever reads it.
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: 0,
  });
  return {
    get: async (name, wanted) => {
      const url = urlOf(options.address, name, wanted.version);
      const getOne = async (): Promise<MediaAnswer> => {
        const headers = await headersOf(options, url, wanted);
        return mediaOf(await request(url, { dispatcher: agent, headers, signal: wanted.signal }));
      };
      return patiently(options, wanted.signal, getOne);
    },
    close: () => agent.destroy(),
  };
}

async function patiently(
  { patience, clock }: MediaOptions,
  signal: AbortSignal,
  getOne: () => Promise<MediaAnswer>,
): Promise<MediaAnswer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await getOne();
    } catch (error) {
      signal.throwIfAborted();
      const final = error instanceof Refused && !busy.has(error.code);
      if (final || tries >= patience.attempts) throw error;
    }
    await clock.sleep(Math.min(patience.maxRetryDelayMs, 100 * 2 ** tries), { signal });
  }
}

async function headersOf(
  { authorize }: MediaOptions,
  url: string,
  { range }: GetRequest,
): Promise<Record<string, string>> {
  const asking = Object.fromEntries((await authorize?.(url)) ?? []);
  // Without it, an object stored compressed would come in another form and without its length.
  const whole = { ...asking, "accept-encoding": "gzip" };
  return range ? { ...whole, range: `bytes=${range.start}-${range.end - 1}` } : whole;
}

async function mediaOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<MediaAnswer> {
  if (statusCode === 200 || statusCode === 206) return { headers: plain(headers), body };
  await body.dump({ limit: 65_536 });
  throw new Refused(statusCode);
}

function urlOf(address: string, name: string, generation: string | undefined): string {
  const query = generation === undefined ? "alt=media" : `alt=media&generation=${generation}`;
  return `${address}/${encodeURIComponent(name)}?${query}`;
}

function plain(headers: Dispatcher.ResponseData["headers"]): MediaAnswer["headers"] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}
