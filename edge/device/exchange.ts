/** One question to the gateway and its whole answer, whatever its status. */
export type Exchange = (ask: ExchangeAsk) => Promise<ExchangeAnswer>;

export type ExchangeAsk = {
  readonly method: "GET" | "POST";
  /** From `/edge/v1` on, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** A longer answer is an error. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};

export type ExchangeAnswer = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
};
