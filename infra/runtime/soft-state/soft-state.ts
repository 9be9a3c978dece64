/**
 * What may be lost: counters, cached answers, announcements. Two implementations keep one contract, so that a laptop
 * needs no Redis. Operations are data and travel together: one call costs at most one round trip, whatever is in it.
 * Each operation is atomic; a call as a whole is not.
 */
export type SoftState = AsyncDisposable & {
  /** Answers in the order of the operations, or rejects as `soft_state_unavailable`; some may then have been done. */
  readonly apply: <const Operations extends readonly SoftOperation[]>(
    operations: Operations,
    options?: Waiting,
  ) => Promise<SoftResults<Operations>>;
  /** Tells every listener of every process that is listening now; nobody hears it later. */
  readonly publish: (channel: string, message: string, options?: Waiting) => Promise<void>;
  /** Resolves once messages will arrive, with the way to stop them; what is said while a connection is away is lost. */
  readonly subscribe: (channel: string, listener: Listener, options?: Waiting) => Promise<Unsubscribe>;
  readonly ping: (options?: Waiting) => Promise<void>;
  /** Twice is fine. */
  readonly close: () => Promise<void>;
};

export type Waiting = { readonly signal?: AbortSignal };
export type Listener = (message: string) => void;
export type Unsubscribe = () => Promise<void>;

export type SoftOperation = GetOperation | SetOperation | DeleteOperation | IncrementOperation;

/** Answers the bytes, or undefined. */
export type GetOperation = { readonly kind: "get"; readonly key: string };

/** Answers whether the value was stored; everything expires. */
export type SetOperation = {
  readonly kind: "set";
  readonly key: string;
  readonly value: Uint8Array | string;
  readonly ttlMs: number;
  readonly onlyIfAbsent?: boolean;
};

/** Answers whether there was something to delete. */
export type DeleteOperation = { readonly kind: "delete"; readonly key: string };

/** Answers the new count. The time to live runs from the key's birth: later increments don't prolong it. */
export type IncrementOperation = {
  readonly kind: "increment";
  readonly key: string;
  readonly by: number;
  readonly ttlMs: number;
};

type ResultOfKind = {
  readonly get: Uint8Array | undefined;
  readonly set: boolean;
  readonly delete: boolean;
  readonly increment: number;
};

export type SoftResult<Operation extends SoftOperation = SoftOperation> = ResultOfKind[Operation["kind"]];

/** Each operation's own answer type at its own place, so that callers need no casts. */
export type SoftResults<Operations extends readonly SoftOperation[]> = {
  readonly [Place in keyof Operations]: SoftResult<Operations[Place]>;
};
