/**
 * How a backend's time is paid for:
 *
 *   provisioned  somebody pays for it whether it works or not, so one more image costs nothing
 *   instance     paid from its start until it has been idle for a while
 *   request      paid while it works
 */
export type BillingKind = "provisioned" | "instance" | "request";

/** What a backend costs and how it may be used, as its owner declares it; nothing in it is learned. */
export type Terms = {
  readonly billing: BillingKind;
  /** Of one instance: always, while it stands, or while it works. */
  readonly usdPerSecond: number;
  readonly usdPerRequest: number;
  /** What a byte costs that leaves for it; 0 inside one cloud. */
  readonly egressUsdPerGb: number;
  /** How long an instance stays, and is paid for, after its last request. */
  readonly idleMs: number;
  /** How long the first answer of a new instance takes; 0 for what is always there. */
  readonly coldMs: number;
  /** Requests that it may be given at once. */
  readonly mostInFlight: number;
  /** Requests that one instance takes at once. */
  readonly perInstance: number;
  readonly budget: Budget;
  /** What is believed of its speed before anything was measured. */
  readonly prior: Prior | undefined;
};

/** Dollars it may cost at most; one that has none left is passed by. */
export type Budget = { readonly usdPerHour: number; readonly usdPerDay: number };

/** The time that an image takes alone, and how much longer for each other one that is there. */
export type Prior = { readonly baseMs: number; readonly perInFlightMs: number };
