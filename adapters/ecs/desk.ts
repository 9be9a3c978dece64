import type { Clock } from "#infra/runtime/clock.ts";
import type { Reader } from "./read-state.ts";
import type { Settings } from "./settings.ts";

/** What every change of a service begins with. */
export type Desk = Reader & { readonly settings: Settings; readonly clock: Pick<Clock, "now"> };
