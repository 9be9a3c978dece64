import { asTradewindError } from "#infra/runtime/errors.ts";

/** An answer before it is anybody's kind of response. */
export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
};

/** Clients lose the message where a charset stands behind it. */
export const jsonType = "application/json";

/** The one shape of an error that every client of the protocol can read: a string, under exactly that content type. */
export function errorReply(thrown: unknown): Reply {
  const error = asTradewindError(thrown);
  const { status } = error.kind;
  return {
    status,
    headers: {
      "content-type": jsonType,
      "tradewind-error": error.code,
      ...(status === 503 ? { "retry-after": "1" } : {}),
      // What remains of a body that was refused unread must not be taken for the next request.
      ...(error.code === "body_too_large" || error.code === "body_too_slow" ? { connection: "close" } : {}),
    },
    body: JSON.stringify({ error: error.message }),
  };
}
