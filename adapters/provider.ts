import type { OpenInferenceClient } from "./open-inference.ts";
import type { Terms } from "./terms.ts";

/** One address that can answer, with the client that speaks to it. */
export type Endpoint = { readonly url: string; readonly client: OpenInferenceClient };

/** A place where backends run. It owns its endpoints' connections and closes them. */
export type Provider = AsyncDisposable & {
  readonly kind: string;
  /** What each of its endpoints costs, and how it may be used. */
  readonly terms: Terms;
  /** The endpoints of this moment, in no order that means anything. */
  readonly discover: (options: { readonly signal: AbortSignal }) => Promise<readonly Endpoint[]>;
  readonly close: () => Promise<void>;
};
