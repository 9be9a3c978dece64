import { readIfThere } from "../azure/ask-arm.ts";
import type { ProviderControl, ProviderStatus, Reading } from "../control.ts";
import { declaredPrice } from "../declared-price.ts";
import type { Surroundings } from "../surroundings.ts";
import { capabilitiesOf, defaults } from "./billing.ts";
import { openChanges } from "./change-app.ts";
import { openContainerApps } from "./container-apps.ts";
import { deployCandidate } from "./deploy-candidate.ts";
import { promoteCandidate, rollBack, shiftTo } from "./move-candidate.ts";
import { type OpenedApp, readPlace } from "./opened-app.ts";
import { type Replicas, readStatus } from "./read-status.ts";
import { boundsFor, rescale } from "./rescale.ts";
import type { Settings } from "./settings.ts";
import { type ColdStartWatch, watchColdStarts } from "./watch-cold-starts.ts";
import { type Place, rolesIn } from "./who-stands.ts";

/** A container app with revisions beside each other. */
export async function createControl(
  settings: Settings,
  surroundings: Surroundings,
): Promise<ProviderControl> {
  const { clock } = surroundings;
  const apps = await openContainerApps(settings, surroundings);
  const changes = openChanges(apps, settings, surroundings);
  const opened: OpenedApp = { apps, changes, settings, clock };
  const watch = watchColdStarts();
  const close = async (): Promise<void> => {};
  return {
    kind: settings.kind,
    capabilities: capabilitiesOf(settings),
    status: (reading) => look(opened, watch, reading),
    scale: (wanted, changing) => rescale(opened, (has) => boundsFor(wanted, has), changing),
    deploy: (wanted, changing) => deployCandidate(opened, wanted, changing),
    shift: (wanted, changing) => shiftTo(opened, wanted, changing),
    promote: (wanted, changing) => promoteCandidate(opened, wanted, changing),
    rollback: (wanted, changing) => rollBack(opened, wanted, changing),
    wake: ({ instances }, changing) =>
      rescale(opened, (has) => boundsFor({ least: Math.max(has.least, instances) }, has), changing),
    price: async () => declaredPrice(settings, defaults),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function look(opened: OpenedApp, watch: ColdStartWatch, { signal }: Reading): Promise<ProviderStatus> {
  const place = await readPlace(opened, signal);
  const replicas = await replicasIn(opened, place, signal);
  return readStatus(place, replicas, watch([...replicas.values()].flat(), opened.clock.now()));
}

async function replicasIn({ apps }: OpenedApp, place: Place, signal: AbortSignal): Promise<Replicas> {
  const named = Object.values(rolesIn(place)).flatMap((one) =>
    one?.active && one.name !== undefined ? [one.name] : [],
  );
  const listed = await Promise.all(
    named.map(async (name) => [name, (await readIfThere(apps.replicas(name, signal))) ?? []] as const),
  );
  return new Map(listed);
}
