import type { ModelInfo } from "#inference/contract.ts";
import type { ImageOptions } from "#inference/image-api/read-options.ts";
import type { CacheKey } from "../cache/cache-key.ts";
import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { AbleBackends } from "../fleet/able-backends.ts";
import type { Route } from "../fleet/snapshot.ts";
import type { ImageAsk } from "./image-ask.ts";
import type { PreparedImage } from "./prepare-image.ts";
import type { Spending } from "./seen.ts";

/** One image that has to be looked at, because no answer lies there. */
export type Look = {
  readonly ask: Pick<ImageAsk, "trace" | "requestId" | "caller" | "note">;
  readonly route: Route;
  readonly able: AbleBackends;
  readonly image: PreparedImage;
  /** Which of the request's images, from 0. */
  readonly number: number;
  readonly options: ImageOptions;
  /** Under which an answer of this model is kept; undefined where none may be. */
  readonly keyFor: (model: ModelInfo) => CacheKey | undefined;
  /** Under which the answer was looked for and not found; undefined where nobody asked. */
  readonly missed: Missed | undefined;
  /** Told what looking costs as soon as somebody is asked. */
  readonly spending: Spending;
  /** When the last byte of the request was here, by the clock's `elapsed`. */
  readonly receivedAt: number;
  readonly signal: AbortSignal;
};

export type Missed = {
  readonly key: CacheKey;
  /** This gateway is the one to make it. */
  readonly claimed: boolean;
  /** All gateways were asked, so that another may be making it. */
  readonly shared: boolean;
  /** Whether an answer that another made suits this caller. */
  readonly accept: (answer: CachedAnswer) => boolean;
};
