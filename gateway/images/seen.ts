import type { BackendTimings } from "#inference/contract.ts";
import type { CacheWishes } from "#inference/image-api/cache-wishes.ts";
import type { ImageOptions } from "#inference/image-api/read-options.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import type { CachedAnswer, FinishedAnswer } from "../cache/cached-answer.ts";
import type { AbleBackends } from "../fleet/able-backends.ts";
import type { Route } from "../fleet/snapshot.ts";
import type { Recorded } from "../ledger/record-pursuit.ts";
import type { ImageAsk } from "./image-ask.ts";
import type { PreparedImage } from "./prepare-image.ts";

/** How an answer came about: out of the cache, old but good enough, made now, made for somebody else, or made without asking. */
export type Outcome = "hit" | "stale" | "miss" | "collapsed" | "bypass";

/** One image's answer. */
export type Seen = {
  readonly answer: FinishedAnswer & Partial<Pick<CachedAnswer, "freshUntil">>;
  readonly outcome: Outcome;
  /** Of whoever made it now; an answer that lay there took no time of a backend's. */
  readonly timings: BackendTimings | undefined;
  /** What this caller's answer says it cost. */
  readonly nanoUsd: number;
  /** Under which key the answer belongs, whoever it was made for. */
  readonly keyName: string | undefined;
  /** How this caller's request found its backend; undefined where it asked none. */
  readonly recorded: Recorded | undefined;
};

/** What one image of a request costs, as far as that is known; a failure may cost too. */
export type Spending = { nanoUsd: number };

/** What became of one image of a request: one that is bad among several fails alone. */
export type SeenOrFailed = Seen | TradewindError;

/** One request's images, ready to be looked at. */
export type SeeImages = {
  readonly ask: ImageAsk;
  readonly route: Route;
  readonly options: ImageOptions;
  readonly able: AbleBackends;
  readonly images: readonly (PreparedImage | TradewindError)[];
  readonly control: CacheWishes;
  /** When the last byte of the request was here, by the clock's `elapsed`. */
  readonly receivedAt: number;
  readonly signal: AbortSignal;
};
