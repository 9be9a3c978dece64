/** Where files of the repository come from: the gateway, or a mirror of its blobs. */
export type Origin = {
  /** Fit for a line of a log. */
  readonly name: string;
  /** The gateway itself, whose answers all carry `tradewind-edge`; a mirror's do not. */
  readonly isGateway?: boolean;
  /** Nobody on the way can have changed an answer, so the gateway's `date` may be believed. */
  readonly overTls?: boolean;
  /** Answers with at most `maxBytes`, as a stream. Never follows a redirect to another host. */
  readonly get: (ask: OriginAsk) => Promise<OriginAnswer>;
};

export type OriginAsk = {
  /** Under the repository: `metadata/timestamp.json`, `targets/digits-n/3/x64/<sha256>.model.onnx`. */
  readonly address: string;
  /** First byte, and the first that is no longer wanted. */
  readonly range?: { readonly start: number; readonly end: number };
  /** The strong tag that the bytes at hand have: a server whose content changed answers whole. */
  readonly ifRange?: string;
  readonly signal: AbortSignal;
};

export type OriginAnswer = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Of whoever does not read the body to its end. */
  readonly leave: () => void;
};
