import { TradewindError } from "#infra/runtime/errors.ts";

/** A device has no use for what the database says when it is away, and should not know where it is. */
export async function outOfSight<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const isAway = cause instanceof TradewindError && cause.code === "database_unavailable";
    if (isAway || isTimeout(signal)) throw away(cause);
    if (signal.aborted)
      throw new TradewindError("caller_left", "the device closed the connection", { cause });
    throw cause;
  }
}

function isTimeout({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

function away(cause: unknown): TradewindError {
  return new TradewindError("database_unavailable", "devices cannot be looked up at the moment", { cause });
}
