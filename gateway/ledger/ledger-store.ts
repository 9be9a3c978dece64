import type { Sketch } from "../agreement/latency-sketch.ts";
import type { Decision } from "./decision.ts";
import type { Recorded } from "./record-pursuit.ts";

/** What was spent beside requests that somebody waits for. */
export const besideKinds = ["agreement", "shadow", "wake", "probe"] as const;

export type BesideKind = (typeof besideKinds)[number];

export type LedgerCounts = {
  /** Images that looked for a backend; of a line beside them, what was sent. */
  readonly requests: number;
  readonly failed: number;
  readonly missed: number;
  readonly hedges: number;
  readonly retries: number;
  /** Both are sums over what was answered, of the try that was. */
  readonly predictedMs: number;
  readonly realMs: number;
  readonly usd: number;
  /** What the cheapest and the dearest other in time would have cost; what was spent, where there was no other. */
  readonly cheapestOtherUsd: number;
  readonly dearestOtherUsd: number;
  readonly bytes: number;
};

/** What one backend did for one tenant and model in one hour. */
export type LedgerRow = LedgerCounts & {
  readonly hour: number;
  readonly kind: "request" | BesideKind;
  readonly tenant: string;
  readonly model: string;
  readonly backend: string;
  /** From a request's start to its end. */
  readonly sketch: Sketch | undefined;
};

/** Written whole or not at all, and once, however often it is tried with the same id. */
export type LedgerBatch = {
  readonly id: string;
  readonly rows: readonly LedgerRow[];
  readonly decisions: readonly Recorded[];
};

export const dimensions = ["hour", "model", "backend", "tenant"] as const;

export type Dimension = (typeof dimensions)[number];

export type Scope = {
  /** Whole hours: that of the first moment is in it, that of the second only where it is not its beginning. */
  readonly from: number;
  readonly to: number;
  readonly tenant?: string | undefined;
};

export type LinesAsk = Scope & {
  readonly model?: string | undefined;
  readonly backend?: string | undefined;
  readonly by: Dimension;
  /** The last name of the page before. */
  readonly after?: string | undefined;
  readonly most: number;
};

/** The sums of one hour, model, backend or tenant; hours are named by their first moment. */
export type LedgerLine = LedgerCounts & {
  readonly name: string;
  readonly besideUsd: Readonly<Record<BesideKind, number>>;
  readonly billedUsd: number | undefined;
  /** None where it would be of too many rows. */
  readonly sketch: Sketch | undefined;
};

export type FindAsk = { readonly requestId: string; readonly tenant?: string | undefined };

export type ExportAsk = Scope & { readonly after?: string | undefined; readonly most: number };

/** A request as the replay lab reads it. */
export type ExportLine = {
  readonly at: number;
  readonly bytes: number;
  readonly model: string;
  readonly ms: number;
  readonly backend: string | null;
  readonly usd: number;
  readonly missed: boolean;
};

/** The oldest first; without a next there is no more. */
export type ExportPage = { readonly lines: readonly ExportLine[]; readonly next: string | undefined };

export type Reading = { readonly signal: AbortSignal };

/** Where decisions and their sums are kept. */
export type LedgerStore = {
  /** Whether all gateways write there, or this process alone. */
  readonly isShared: boolean;
  readonly write: (batch: LedgerBatch, options: Reading) => Promise<void>;
  readonly lines: (ask: LinesAsk, options: Reading) => Promise<readonly LedgerLine[]>;
  readonly find: (ask: FindAsk, options: Reading) => Promise<readonly Decision[]>;
  readonly exportPage: (ask: ExportAsk, options: Reading) => Promise<ExportPage>;
};

export const hourMs = 3_600_000;

export const nothingCounted: LedgerCounts = {
  requests: 0,
  failed: 0,
  missed: 0,
  hedges: 0,
  retries: 0,
  predictedMs: 0,
  realMs: 0,
  usd: 0,
  cheapestOtherUsd: 0,
  dearestOtherUsd: 0,
  bytes: 0,
};

export const nothingBeside: LedgerLine["besideUsd"] = { agreement: 0, shadow: 0, wake: 0, probe: 0 };

/** A request of which several images are asked for has several, and an id that callers chose may come again. */
export const mostFound = 256;
