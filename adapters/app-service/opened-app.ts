import type { AppChanges } from "./change-app.ts";
import type { Settings } from "./settings.ts";
import type { WebApps } from "./web-apps.ts";

/** What each verb works with. */
export type OpenedApp = {
  readonly apps: WebApps;
  readonly changes: AppChanges;
  readonly settings: Settings;
};
