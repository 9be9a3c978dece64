import type { OpenInferenceClient } from "./open-inference.ts";
import type { Terms } from "./terms.ts";

/** One address that can answer, with the client that speaks to it. */
export type Endpoint = {
  readonly url: string;
  readonly client: OpenInferenceClient;
  /** The same for as long as the same thing stands there, such as a task's id; where there is none, its place is its name. */
  readonly name?: string;
};

/**
 * A place where backends run, as the process sees it that calls them: it finds and calls, and can change nothing there.
 * It owns its endpoints' connections and closes them.
 */
export type Provider = AsyncDisposable & {
  readonly kind: string;
  /** What each of its endpoints costs, and how it may be used. */
  readonly terms: Terms;
  /** How often it pays to ask again where they are; undefined where they never move. */
  readonly rediscoverMs?: number;
  /**
   * The endpoints of this moment, in no order that means anything. An endpoint that is still there keeps its client; one
   * that went keeps it open for the requests that it has in hand.
   */
  readonly discover: (options: { readonly signal: AbortSignal }) => Promise<readonly Endpoint[]>;
  readonly close: () => Promise<void>;
};
