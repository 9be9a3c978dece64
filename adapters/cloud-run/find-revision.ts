import { asTradewindError } from "#infra/runtime/errors.ts";
import { retryCalmly } from "../retry-calmly.ts";
import type { Changer } from "./change-service.ts";
import { isRevisionName } from "./read-service.ts";
import type { Revision } from "./run-api.ts";

/** Undefined where it is gone: the platform forgets the oldest. */
export async function findRevision(
  changer: Changer,
  name: string,
  signal: AbortSignal,
): Promise<Revision | undefined> {
  if (!isRevisionName(name)) return undefined;
  const { api, clock, chance } = changer;
  try {
    return await retryCalmly(() => api.getRevision(name, signal), {
      clock,
      chance,
      signal,
      mayRepeat: "all",
    });
  } catch (error) {
    if (asTradewindError(error).code === "provider_missing") return undefined;
    throw error;
  }
}
