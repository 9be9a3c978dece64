import { TradewindError } from "#infra/runtime/errors.ts";
import { armFailure } from "../azure/translate-errors.ts";
import type { Changing } from "../control.ts";
import { callOf } from "./container-apps.ts";
import type { OpenedApp } from "./opened-app.ts";
import { isProvisioned, isReady, whyFailed } from "./read-status.ts";
import { leastOf } from "./who-stands.ts";

/** Returns when a revision can take calls; what is only told of never will, and is not waited for. */
export async function waitReady(
  { apps, clock, settings }: OpenedApp,
  name: string,
  { hand, signal }: Changing,
): Promise<void> {
  while (!hand.isDry) {
    const [revision, replicas] = await Promise.all([
      apps.revision(name, signal),
      apps.replicas(name, signal),
    ]);
    const least = leastOf(revision);
    const ready = replicas.filter(isReady).length;
    if (isProvisioned(revision) && ready >= least) return;
    const why = whyFailed(revision, replicas);
    if (why !== undefined && ready === 0)
      throw new TradewindError("provider_refused", `${name} does not stand: ${why}`);
    await clock.sleep(settings.pollEvery, { signal }).catch((error: unknown) => {
      throw armFailure(error, callOf("revisions/read", signal));
    });
  }
}
