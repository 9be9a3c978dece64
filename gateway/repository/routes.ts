import type { Context } from "hono";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { onLeaveOf } from "#infra/runtime/caller-leaves.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { createInFlight, type InFlight } from "#infra/runtime/in-flight.ts";
import { describedRepository } from "../document/edge-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { rangeWithin, readByteRange } from "./byte-range.ts";
import { type KeptLists, keepLists } from "./kept-lists.ts";
import { type RepositoryAddress, readAddress } from "./repository-address.ts";
import { sendFile } from "./send-file.ts";

export type RepositoryRoutesDeps = {
  readonly blobs: BlobStore;
  /** Of the same store, where others look at them as well; absent: its own. */
  readonly lists?: KeptLists;
  /** Throws for whoever may not read; absent where a ring before it says so. */
  readonly admit?: (c: Context<GatewayEnv>) => Promise<void>;
  readonly clock: Clock;
  /** Whether caches between here and the devices may keep what they see. */
  readonly isPublic: boolean;
  /** Files on their way at once; the bytes of each are read as they are sent. */
  readonly mostAtOnce?: number;
};

type Serving = RepositoryRoutesDeps & { readonly lists: KeptLists; readonly inFlight: InFlight };

/** `/repository/*`: the signed lists and the files that they name, as they lie in the store. */
export function repositoryRoutes(deps: RepositoryRoutesDeps): DescribedRoutes {
  const routes = createRoutes();
  const inFlight = createInFlight({ most: deps.mostAtOnce ?? 256 });
  const serving: Serving = { ...deps, lists: deps.lists ?? keepLists(deps), inFlight };
  mount(routes, describedRepository, async (c) => {
    await deps.admit?.(c);
    const address = addressOf(c);
    if (!address) throw unknown(c);
    return address.kind === "list"
      ? await answerList(c, address, serving)
      : await answerFile(c, address, serving);
  });
  return routes;
}

/** As it was written: no name in a repository needs an escape, so that one that has any is none. */
function addressOf(c: Context<GatewayEnv>): RepositoryAddress | undefined {
  const { pathname } = new URL(c.req.url);
  const marker = "/repository/";
  const at = pathname.indexOf(marker);
  return at < 0 ? undefined : readAddress(pathname.slice(at + marker.length));
}

type ListAddress = Extract<RepositoryAddress, { kind: "list" }>;
type FileAddress = Extract<RepositoryAddress, { kind: "file" }>;

async function answerList(c: Context<GatewayEnv>, address: ListAddress, serving: Serving): Promise<Response> {
  const { key, isImmutable } = address;
  using _place = serving.inFlight.enter(0);
  const found = await serving.lists.find(key, { isImmutable, signal: c.req.raw.signal });
  if (!found) throw unknown(c);
  const { bytes, etag } = found;
  head(c, { etag, isImmutable, type: "application/json", isPublic: serving.isPublic });
  if (isKnown(c, etag)) return c.body(null, 304);
  const asked = askedRange(c, etag);
  const range = asked && rangeWithin(asked, bytes.byteLength);
  if (asked && !range) return unsatisfiable(c, bytes.byteLength);
  const { start, end } = range ?? { start: 0, end: bytes.byteLength };
  if (range) c.header("content-range", `bytes ${start}-${end - 1}/${bytes.byteLength}`);
  c.header("content-length", String(end - start));
  const status = range ? 206 : 200;
  return c.req.method === "HEAD"
    ? c.body(null, status)
    : c.body(new Uint8Array(bytes.subarray(start, end)), status);
}

async function answerFile(c: Context<GatewayEnv>, address: FileAddress, serving: Serving): Promise<Response> {
  const etag = `"${address.sha256}"`;
  const asked = askedRange(c, etag);
  const opened = await opening(c, () =>
    sendFile(serving, {
      ...{ key: address.key, asked, isWanted: c.req.method !== "HEAD" && !isKnown(c, etag) },
      onLeave: onLeaveOf(c),
    }),
  );
  head(c, { etag, isImmutable: true, type: typeOf(address.key), isPublic: serving.isPublic });
  if (isKnown(c, etag)) return c.body(null, 304);
  const { totalBytes, range, body } = opened;
  if (!range) return unsatisfiable(c, totalBytes);
  if (asked) c.header("content-range", `bytes ${range.start}-${range.end - 1}/${totalBytes}`);
  c.header("content-length", String(range.end - range.start));
  const status = asked ? 206 : 200;
  return body ? c.body(body, status) : c.body(null, status);
}

async function opening<Opened>(c: Context<GatewayEnv>, open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    if (asTradewindError(error).code === "blob_missing") throw unknown(c);
    throw error;
  }
}

type Head = {
  readonly etag: string;
  readonly isImmutable: boolean;
  readonly type: string;
  readonly isPublic: boolean;
};

function head(c: Context<GatewayEnv>, { etag, isImmutable, type, isPublic }: Head): void {
  const whose = isPublic ? "public" : "private";
  c.header("etag", etag);
  c.header("accept-ranges", "bytes");
  c.header("cache-control", `${whose}, ${isImmutable ? "max-age=31536000, immutable" : "max-age=0"}`);
  c.header("content-type", type);
  c.header("x-content-type-options", "nosniff");
}

/** With bytes of something else at hand, a part of this would make a mix. */
function askedRange(c: Context<GatewayEnv>, etag: string) {
  const [held, range] = [c.req.header("if-range"), readByteRange(c.req.header("range"))];
  return held === undefined || held === etag ? range : undefined;
}

function isKnown(c: Context<GatewayEnv>, etag: string): boolean {
  const known = c.req.header("if-none-match");
  return known?.split(",").some((each) => ["*", etag, `W/${etag}`].includes(each.trim())) === true;
}

function typeOf(key: string): string {
  return key.endsWith(".json") ? "application/json" : "application/octet-stream";
}

function unsatisfiable(c: Context<GatewayEnv>, totalBytes: number): Response {
  c.header("content-range", `bytes */${totalBytes}`);
  c.header("content-length", "0");
  c.header("cache-control", "no-store");
  return c.body(null, 416);
}

function unknown(c: Context<GatewayEnv>): TradewindError {
  return new TradewindError(
    "record_unknown",
    `the repository has no ${new URL(c.req.url).pathname.slice(0, 200)}`,
  );
}
