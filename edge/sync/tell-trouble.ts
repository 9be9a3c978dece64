import type { Log } from "#infra/runtime/log.ts";
import type { SyncMemo } from "./sync-parts.ts";

/**
 * Says in the log why updates rest: once when that begins or becomes another trouble, and once when it is over. Whether it
 * is another is told by its code, since sentences have dates and counts in them. To be called after each sync.
 */
export function createTroubleTeller(log: Log): (memo: Pick<SyncMemo, "trouble">) => void {
  let told: string | undefined;
  return ({ trouble }) => {
    const code = trouble?.split(":", 1)[0];
    if (code === told) return;
    if (code === undefined) log.info({ after: told }, "updates go on");
    else log.warn({ trouble }, "updates rest");
    told = code;
  };
}
