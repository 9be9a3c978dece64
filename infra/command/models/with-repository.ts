import { mkdir } from "node:fs/promises";
import process from "node:process";
import { freshen } from "#gateway/repository/freshen.ts";
import { openOnlineKey } from "#gateway/repository/online-key.ts";
import { refuseWrongOnlineKey } from "#gateway/repository/refuse-wrong-online-key.ts";
import type { Repository } from "#gateway/repository/repository.ts";
import { readKeyFile, type SigningKey } from "#gateway/repository/signing-key.ts";
import { parseBlobUrl } from "#infra/runtime/blobs/blob-url.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type AtRepository = { readonly repository: Repository; readonly signal: AbortSignal };

/** Opens the store for one command, which a signal ends. */
export async function withRepository<Result>(
  url: string,
  work: (at: AtRepository) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const abort = (): void => stop.abort(new TradewindError("caller_left", "stopped before it was done"));
  for (const name of stops) process.once(name, abort);
  try {
    await using store = await openBlobs(url);
    return await work({ repository: { store, clock: systemClock }, signal: stop.signal });
  } finally {
    for (const name of stops) process.off(name, abort);
  }
}

const stops = ["SIGINT", "SIGTERM"] as const;

/** A folder is made for a new repository; a bucket is not. */
export async function makeStore(url: string): Promise<void> {
  const place = parseBlobUrl(url);
  if (place.kind === "folder") await mkdir(place.path, { recursive: true });
}

/** `A.pem,B.pem`, or the flag several times. */
export async function readKeys(files: readonly string[]): Promise<readonly SigningKey[]> {
  return await Promise.all(files.map((file) => readKeyFile(file)));
}

/** Says that an online key is the wrong one before anything is uploaded. */
export async function checkOnlineKey(
  { repository, signal }: AtRepository,
  places: readonly string[],
): Promise<void> {
  await refuseWrongOnlineKey(repository, await openOnlineKeys(places), { signal });
}

function openOnlineKeys(places: readonly string[]): Promise<SigningKey[]> {
  return Promise.all(places.map((place) => openOnlineKey(place, process.env)));
}

/** With the online key at hand all is named at once; else it waits for the process that has it. */
export async function nameIt(
  { repository, signal }: AtRepository,
  onlineKey: readonly string[],
): Promise<string> {
  if (onlineKey.length === 0) return "not named yet: the process that holds the online key does so by itself";
  const keys = await openOnlineKeys(onlineKey);
  const { timestamp, freshUntilMs, refused } = await freshen(repository, keys, { signal });
  const until = new Date(freshUntilMs).toISOString();
  return [
    ...refused.map(({ key, why }) => `refused ${key}: ${why}`),
    `named by timestamp ${timestamp}, fresh until ${until}`,
  ].join("\n");
}
