/**
 * What may be lost: counters, cached answers, announcements. Two implementations keep one contract, so that a laptop
 * needs no Redis. Operations are data and travel together: one call costs at most one round trip, whatever is in it, but
 * for the first admission that a server meets since it started, which costs two. Each operation is atomic; a call as a
 * whole is not.
 */
export type SoftState = AsyncDisposable & {
  /**
   * Answers in the order of the operations, or rejects as `soft_state_unavailable`; some may then have been done, or be
   * done later, unless `isUnsent` says that they never left.
   */
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

export type SoftOperation =
  | GetOperation
  | SetOperation
  | DeleteOperation
  | IncrementOperation
  | AdmitOperation
  | LeaveOperation
  | SettleOperation
  | ReleaseOperation;

/**
 * Keys with the same tag lie together in a cluster, so that one atomic operation may touch several of them; a tag is
 * part of the key's name, and the same key under another tag is another key.
 */
type Tagged = { readonly tag?: string };

/** Answers the bytes, or undefined. */
export type GetOperation = Tagged & { readonly kind: "get"; readonly key: string };

/** Answers whether the value was stored; everything expires. */
export type SetOperation = Tagged & {
  readonly kind: "set";
  readonly key: string;
  readonly value: Uint8Array | string;
  readonly ttlMs: number;
  readonly onlyIfAbsent?: boolean;
};

/** Answers whether there was something to delete. */
export type DeleteOperation = Tagged & { readonly kind: "delete"; readonly key: string };

/** Answers the new count. The time to live runs from the key's birth: later increments don't prolong it. */
export type IncrementOperation = Tagged & {
  readonly kind: "increment";
  readonly key: string;
  readonly by: number;
  readonly ttlMs: number;
};

/**
 * Everything that lets one request in, atomically and by the store's own clock: rates, places and budgets are looked at
 * first, and taken all or not at all. What is found in the cache is not charged to budgets, and what costs nothing passes
 * any budget and any rate. What lies at a key and is no level and no count is taken as missing.
 */
export type AdmitOperation = {
  readonly kind: "admit";
  readonly tag: string;
  readonly rates: readonly Rate[];
  /** Bounds on what is under way at once. */
  readonly places?: readonly Places[];
  readonly budgets: readonly Budget[];
  /** Where what the budgets were charged is written down, to be settled later. */
  readonly receipt?: Receipt;
  /** Cached values asked for on the way; each that is missing costs `costEach` of every budget, unless it is free. */
  readonly lookups: readonly Lookup[];
};

/** The generic cell rate algorithm: `most` a period, spread evenly, with at most `burst` at one moment. */
export type Rate = {
  readonly key: string;
  readonly most: number;
  readonly periodMs: number;
  readonly burst: number;
  readonly cost: number;
};

/** A place ends with `leave`, or after `ttlMs` if nobody lives to say so; who holds one and asks again has it anew. */
export type Places = {
  readonly key: string;
  readonly member: string;
  readonly most: number;
  readonly ttlMs: number;
};

/** A counter of whole units up to `most`, that is never below `seed`, which the caller knows from elsewhere. */
export type Budget = {
  readonly key: string;
  readonly most: number;
  readonly seed: number;
  /** Taken once for the operation. */
  readonly cost: number;
  /** Taken for each lookup that finds nothing and is not free. */
  readonly costEach: number;
  readonly ttlMs: number;
};

/** A different one for each admission, so that it says whether that admission came to pass, and is settled once. */
export type Receipt = { readonly key: string; readonly ttlMs: number };

export type Lookup = {
  readonly key: string;
  /** Costs no budget where nothing is found: its caller has paid beforehand. */
  readonly free?: boolean;
  /** Where nothing is found and nobody makes it yet, the first to ask is told that it is the one to make the value. */
  readonly claim?: { readonly key: string; readonly token: string; readonly ttlMs: number };
};

export type Admission = {
  readonly admitted: boolean;
  /** Which bound refused, by its place in the operation, and when it would let the same request pass. */
  readonly refusal?: {
    readonly by: "rates" | "places" | "budgets";
    readonly index: number;
    /**
     * Of several rates that refuse, the longest. Of places, the first that refuse: until one of them would end by itself,
     * though it may be left sooner; of a budget, until its counter ends. Infinity where the passing of time does not help,
     * or is not known to.
     */
    readonly retryMs: number;
  };
  /** For each rate: what could be taken at once now, and how long until all of it could. */
  readonly rates: readonly { readonly remaining: number; readonly resetMs: number }[];
  /** For each bound on places: how many are taken, this one included if it was admitted. */
  readonly taken: readonly number[];
  /** For each budget: the count after this; when refused, the count as it is. */
  readonly spent: readonly number[];
  /** For each lookup: the value, or whether this caller is the one to make it. Empty when refused. */
  readonly found: readonly { readonly value: Uint8Array | undefined; readonly claimed: boolean }[];
};

/** Gives a place back; answers whether it was held, which one that ended by itself a while ago may or may not be. */
export type LeaveOperation = {
  readonly kind: "leave";
  readonly tag: string;
  readonly key: string;
  readonly member: string;
};

/**
 * Puts what was really spent in the place of what a receipt says was charged, and ends the receipt: who does it twice, or
 * for an admission that never was, changes nothing. A counter that is gone stays so. Answers whether there was a receipt.
 */
export type SettleOperation = {
  readonly kind: "settle";
  readonly tag: string;
  /** The receipt's. */
  readonly key: string;
  /** The admission's budgets, all of them in their order. */
  readonly spent: readonly { readonly key: string; readonly amount: number }[];
};

/** Gives a claim up, if it is still held with this token; answers whether it was. */
export type ReleaseOperation = {
  readonly kind: "release";
  readonly tag: string;
  readonly key: string;
  readonly token: string;
};

type ResultOfKind = {
  readonly get: Uint8Array | undefined;
  readonly set: boolean;
  readonly delete: boolean;
  readonly increment: number;
  readonly admit: Admission;
  readonly leave: boolean;
  readonly settle: boolean;
  readonly release: boolean;
};

export type SoftResult<Operation extends SoftOperation = SoftOperation> = ResultOfKind[Operation["kind"]];

/** Each operation's own answer type at its own place, so that callers need no casts. */
export type SoftResults<Operations extends readonly SoftOperation[]> = {
  readonly [Place in keyof Operations]: SoftResult<Operations[Place]>;
};
