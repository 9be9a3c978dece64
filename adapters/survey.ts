import type { Surroundings } from "./surroundings.ts";

/** Where to look: what is left out is looked for nowhere. Only reading permissions are used. */
export type SurveyScope = {
  /** AWS regions. */
  readonly regions: readonly string[];
  /** Google Cloud projects. */
  readonly projects: readonly string[];
  /** Azure subscriptions. */
  readonly subscriptions: readonly string[];
  /** Other addresses of the clouds' APIs, by kind of provider, for private endpoints. */
  readonly api: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/** A service that may be one of the backends, as its platform describes it. */
export type FoundService = {
  readonly kind: string;
  /** What it is called there. */
  readonly name: string;
  /** The keys of its entry under `providers`, in the order in which a person would write them. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly hasGpu: boolean;
  /** A name in the price book, where what it runs on says which. */
  readonly price: string | undefined;
  /** It is paid for whether it works or not. */
  readonly isProvisioned: boolean;
  /** What whoever reads the entry wants to know: how many stand, of which size. */
  readonly notes: readonly string[];
  /** Why it can be no backend, where it can't; then the rest says little. */
  readonly unfit?: string;
};

/** Finds the services of one kind; a cloud that says no is an error with the action that is missing. */
export type Survey = (scope: SurveyScope, surroundings: Surroundings) => Promise<readonly FoundService[]>;
