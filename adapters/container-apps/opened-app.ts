import type { Clock } from "#infra/runtime/clock.ts";
import type { AppChanges } from "./change-app.ts";
import type { ContainerApps } from "./container-apps.ts";
import type { Settings } from "./settings.ts";
import type { Place } from "./who-stands.ts";

/** What each verb works with. */
export type OpenedApp = {
  readonly apps: ContainerApps;
  readonly changes: AppChanges;
  readonly settings: Settings;
  readonly clock: Clock;
};

export async function readPlace({ apps }: OpenedApp, signal: AbortSignal): Promise<Place> {
  const [app, revisions] = await Promise.all([apps.app(signal), apps.revisions(signal)]);
  return { app, revisions };
}
