/** What a cloud is told to run. */
export type Order = {
  /** By its digest; the world knows what is in it. */
  readonly image: string;
  /** The environment of its container, `TRADEWIND_MODELS` among it. */
  readonly env: Readonly<Record<string, string>>;
  /** A loopback address of its own, such as 127.0.3.7; 127.0.0.1 unless said. */
  readonly host?: string;
  /** A free one unless said. */
  readonly port?: number;
};

/**
 * One backend that a cloud started: a task, an instance, a pod.
 *
 *   STARTING ── cold start ──▶ READY ── stop ──▶ STOPPED
 *      └── its image cannot run ──▶ FAILED
 */
export type Instance = {
  readonly id: string;
  readonly order: Order;
  readonly url: string;
  readonly state: () => "starting" | "ready" | "failed" | "stopped";
  /** Resolves when it is ready, and throws when it never will be. */
  readonly ready: Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Where the clouds of a test start their backends: small servers in this process, or real backends as processes. */
export type World = AsyncDisposable & {
  readonly start: (order: Order) => Instance;
  readonly instances: () => readonly Instance[];
  readonly close: () => Promise<void>;
};

/** What a cloud's API is to do wrong, for the next calls of an action. */
export type CloudFault = {
  readonly action: string;
  readonly times: number;
  readonly kind:
    | "throttled"
    | "forbidden"
    | "quota"
    | "full"
    | "conflict"
    | "unavailable"
    | "truncated"
    | { readonly slowMs: number };
};

/** A cloud written from its own machine-readable contract, with a data plane whose instances a world starts. */
export type CloudFake = AsyncDisposable & {
  /** Of its control plane. */
  readonly url: string;
  /** What a process needs in its environment, so that the unmodified SDK finds it and can sign. */
  readonly env: Readonly<Record<string, string>>;
  /** Every call it heard, by the name that the provider's permissions have for it. */
  readonly calls: () => readonly { readonly action: string; readonly request: unknown }[];
  /** What a real one would not have taken: unknown fields, wrong types, no signature. Empty at the end of every test. */
  readonly problems: () => readonly string[];
  readonly fail: (fault: CloudFault) => void;
  /** The whole cloud is away, its instances too, until it is back. */
  readonly lose: () => void;
  readonly restore: () => void;
  readonly close: () => Promise<void>;
};
