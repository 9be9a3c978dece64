import type { OpenInferenceClient } from "./open-inference.ts";

/** What one image costs on a provider beyond what is paid anyway. */
export type Billing = { readonly kind: "provisioned" | "request"; readonly usdPerRequest: number };

/** One address that can answer, with the client that speaks to it. */
export type Endpoint = { readonly url: string; readonly client: OpenInferenceClient };

/** A place where backends run. It owns its endpoints' connections and closes them. */
export type Provider = AsyncDisposable & {
  readonly kind: string;
  readonly billing: Billing;
  /** The endpoints of this moment, in no order that means anything. */
  readonly discover: (options: { readonly signal: AbortSignal }) => Promise<readonly Endpoint[]>;
  readonly close: () => Promise<void>;
};
