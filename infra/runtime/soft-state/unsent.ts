import { TradewindError } from "../errors.ts";

const unsentErrors = new WeakSet<TradewindError>();

/** The soft state is away, and what was asked never left this process: nothing of it was done, or ever will be. */
export function unsent(message: string, cause?: Error): TradewindError {
  const error = new TradewindError("soft_state_unavailable", message, { cause });
  unsentErrors.add(error);
  return error;
}

/** Of any other failure nobody knows. */
export function isUnsent(error: unknown): boolean {
  return error instanceof TradewindError && unsentErrors.has(error);
}
