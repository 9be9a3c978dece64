import type { ImageAnswer } from "#inference/contract.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import type { ImageModel } from "./find-model.ts";
import type { LocalAsk } from "./local-ask.ts";
import type { ReceivedImages } from "./receive-images.ts";

/** One request's images with all that is asked of them, ready to be looked at. */
export type Question = ReceivedImages & {
  readonly ask: LocalAsk;
  readonly leased: ImageModel;
  /** When the last byte of the request was here, by the clock's `elapsed`. */
  readonly receivedAt: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
};

/** What became of one image of a request: one that is bad among several fails alone. */
export type Looked = ImageAnswer | TradewindError;
