import type { Behaviour } from "#test/support/programmable-backend/behaviour.ts";

export type Row = {
  readonly name: string;
  /** How all backends are before anything happens, where it is not as usual. */
  readonly usual?: Partial<Behaviour>;
  /** Whoever has most of the requests; or the first of the route, everybody, nobody. */
  readonly whom: "busiest" | "first" | "all" | "nobody";
  readonly fault: Fault;
  /** The phases of the row in ms, where they are not the table's own. */
  readonly times?: Partial<Times>;
  readonly expectation: Expectation;
};

/** What happens to a backend; it ends with the phase, except where it says more. */
export type Fault =
  | { readonly kind: "behaves"; readonly as: Partial<Behaviour> }
  /** By SIGKILL; it comes back at the end. */
  | { readonly kind: "killed" }
  /** By SIGKILL, and a new process is there at once. */
  | { readonly kind: "restarted" }
  /** It was not there before, and now comes. */
  | { readonly kind: "comes"; readonly as: Partial<Behaviour> }
  /** By SIGSTOP. */
  | { readonly kind: "stopped" }
  /** Its network swallows every packet. */
  | { readonly kind: "cut" }
  /** Redis is killed, and no backend has anything. */
  | { readonly kind: "redis" };

export type Times = { readonly beforeMs: number; readonly duringMs: number; readonly afterMs: number };

/** What a client may see at most. Shares and latencies are of the requests that were due during the fault. */
export type Expectation = {
  /** From the beginning of the fault to the end of the row. */
  readonly statuses: readonly number[];
  /** The least share of requests answered with 200. */
  readonly answered: number;
  /** The least share of requests answered with 200 before the route's promised time was over. */
  readonly inTime: number;
  /** Beyond the p99 before the fault, which is the machine's own part. */
  readonly p99Ms: number;
  /** Of one request, how many reached a backend. */
  readonly tries: number;
  /** Images that reached backends for each that a client sent. */
  readonly load: number;
  /** From the end of the fault to the last request that was not answered. */
  readonly recoveredMs: number;
  /** From the end of the fault to the first image that reaches who had it. */
  readonly usedAgainMs?: number;
};

/** What the table's route promises for every request. */
export const sloMs = 1_000;
/** When a request is given up. */
export const deadlineMs = 2_000;
