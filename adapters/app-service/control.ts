import type { Changing, ProviderControl, Scaling } from "../control.ts";
import { declaredPrice } from "../declared-price.ts";
import type { Surroundings } from "../surroundings.ts";
import { capabilitiesOf, defaults } from "./billing.ts";
import { openChanges } from "./change-app.ts";
import { deployCandidate } from "./deploy-candidate.ts";
import { promoteCandidate, rollBack, shiftTo } from "./move-candidate.ts";
import type { OpenedApp } from "./opened-app.ts";
import { planWorkers } from "./plan-workers.ts";
import { readPlace } from "./read-place.ts";
import { readStatus } from "./read-status.ts";
import type { Settings } from "./settings.ts";
import { openWebApps } from "./web-apps.ts";

/** A web app with a slot beside it, both on the workers of one plan. */
export async function createControl(
  settings: Settings,
  surroundings: Surroundings,
): Promise<ProviderControl> {
  const apps = await openWebApps(settings, surroundings);
  const opened: OpenedApp = { apps, changes: openChanges(apps, settings, surroundings), settings };
  const close = async (): Promise<void> => {};
  return {
    kind: settings.kind,
    capabilities: capabilitiesOf(settings),
    status: async ({ signal }) => readStatus(await readPlace(apps, signal), settings),
    scale: (wanted, changing) => scale(opened, wanted, changing),
    deploy: (wanted, changing) => deployCandidate(opened, wanted, changing),
    shift: (wanted, changing) => shiftTo(opened, wanted, changing),
    promote: (wanted, changing) => promoteCandidate(opened, wanted, changing),
    rollback: (wanted, changing) => rollBack(opened, wanted, changing),
    wake: async ({ instances }, changing) => {
      await scale(opened, { least: instances }, changing);
      await keepAwake(opened, changing);
    },
    price: async () => declaredPrice(settings, defaults),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function scale({ apps, changes }: OpenedApp, wanted: Scaling, changing: Changing): Promise<void> {
  const plan = planWorkers(await apps.plan(changing.signal), wanted);
  if (plan) await changes.writePlan(plan, changing);
}

/** Without it App Service stops a container that nobody calls for a while. */
async function keepAwake({ apps, changes }: OpenedApp, changing: Changing): Promise<void> {
  const { alwaysOn } = await apps.config(changing.signal);
  if (alwaysOn === false) await changes.writeConfig({ alwaysOn: true }, changing);
}
