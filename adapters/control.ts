import type { Capabilities } from "./capabilities.ts";
import type { Hand } from "./hand.ts";

/**
 * The same place as the process sees it that may change it. Whatever changes something goes through the hand, which
 * carries it out or only tells of it. Every verb may be asked again with the same words, and then changes nothing more:
 * who asks may have died before it heard the answer.
 */
export type ProviderControl = AsyncDisposable & {
  readonly kind: string;
  readonly capabilities: Capabilities;
  readonly status: (options: Reading) => Promise<ProviderStatus>;
  readonly scale: (wanted: Scaling, options: Changing) => Promise<void>;
  /** Puts a candidate beside what answers: it has an address and none of the traffic. Resolves when the platform took it. */
  readonly deploy: (wanted: Deployment, options: Changing) => Promise<{ readonly revision: string }>;
  /** So much of what comes to the platform's own address goes to the candidate; calls by the candidate's address are beside that. */
  readonly shift: (wanted: ShareOfTraffic, options: Changing) => Promise<void>;
  /** The candidate becomes what answers. */
  readonly promote: (wanted: OfRevision, options: Changing) => Promise<void>;
  /** The candidate goes away, or, where it was promoted already, what answered before it answers again. */
  readonly rollback: (wanted: OfRevision, options: Changing) => Promise<void>;
  /** So many instances are to stand before anybody asks them; for a place that sleeps. */
  readonly wake: (wanted: { readonly instances: number }, options: Changing) => Promise<void>;
  /** What an instance costs now, as far as the platform, the price book or the configuration tell. */
  readonly price: (options: Reading) => Promise<InstancePrice>;
  readonly close: () => Promise<void>;
};

export type Reading = { readonly signal: AbortSignal };

export type Changing = Reading & { readonly hand: Hand };

/** What is left out stays as it is. A `count` is for places that keep one; a least and a most are for all. */
export type Scaling = { readonly count?: number; readonly least?: number; readonly most?: number };

export type Deployment = {
  /** Of this rollout: the same one asked for twice is made once. Letters, digits and dashes, 20 at most. */
  readonly id: string;
  /** By its digest, `name@sha256:...`, since a tag may mean something else tomorrow. */
  readonly image: string;
  /** Where the backend finds its models, in `TRADEWIND_MODELS`; undefined: as before. */
  readonly models?: string;
};

export type OfRevision = { readonly revision: string };

export type ShareOfTraffic = OfRevision & { readonly share: number };

export type ProviderStatus = {
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  /** Between which the platform scales by itself. */
  readonly bounds?: { readonly least: number; readonly most: number };
  readonly revisions: readonly Revision[];
  /** How long instances took from their order to their first readiness, the newest last. */
  readonly coldStarts: readonly ColdStart[];
  /** What the platform could not do lately, and why. */
  readonly troubles: readonly Trouble[];
  /** Nothing is under way there. */
  readonly isSettled: boolean;
};

export type Revision = {
  readonly name: string;
  /** `previous` could still answer again; what is neither of the three is left out. */
  readonly role: "stable" | "candidate" | "previous";
  readonly image: string | undefined;
  readonly models: string | undefined;
  /** The deployment that made it, if it was one of ours. */
  readonly id: string | undefined;
  /** Of the platform's own traffic, 0 to 1. */
  readonly share: number;
  readonly running: number;
  readonly pending: number;
  readonly state: "starting" | "ready" | "failed";
  /** Where only this one answers. */
  readonly url: string | undefined;
  /** Why it failed, in words for the operator. */
  readonly why: string | undefined;
};

export type ColdStart = { readonly at: number; readonly ms: number };

export type Trouble = {
  /** `quota` has the quota's name, `permission` the action's. */
  readonly kind: "quota" | "capacity" | "permission" | "image" | "health" | "other";
  readonly name: string | undefined;
  readonly message: string;
  /** Milliseconds since 1970; undefined where the platform does not say. */
  readonly at: number | undefined;
};

export type InstancePrice = {
  /** Undefined where nobody says. */
  readonly usdPerHour: number | undefined;
  readonly billing: "provisioned" | "instance" | "request";
  /** A name in the price book, or where in the configuration it is given. */
  readonly from: string;
};
