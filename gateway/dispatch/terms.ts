/** What a route wants and what it may spend on it, as its owner declares it. */
export type RouteTerms = {
  readonly sloMs: number;
  readonly money: Money;
  /** Second copies of slow requests; undefined where none are sent. */
  readonly hedge: HedgeTerms | undefined;
  readonly retry: RetryTerms;
  readonly eject: EjectTerms;
};

/** Everything is weighed in dollars: what a late answer costs, and what a second of waiting costs. */
export type Money = { readonly usdPerMiss: number; readonly usdPerSecond: number };

export type Objective = "cost" | "balanced" | "latency";

/** Of all requests, so many may be sent twice: those that take longer than their quantile. */
export type HedgeTerms = {
  readonly share: number;
  readonly quantile: number;
  /** Larger images are not sent twice, since the way out of a cloud is paid twice too. */
  readonly mostBytes: number;
};

/** Of all requests, so many may be tried again, each so often at most. */
export type RetryTerms = { readonly share: number; readonly attempts: number };

/** After so many failures in a row a backend rests; each time twice as long. */
export type EjectTerms = { readonly after: number; readonly baseMs: number; readonly mostMs: number };
