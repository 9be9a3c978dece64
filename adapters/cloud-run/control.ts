import type { Changing, ProviderControl, ProviderStatus } from "../control.ts";
import type { Surroundings } from "../surroundings.ts";
import { capabilitiesOf } from "./billing.ts";
import { type Changer, changeService, lookAt } from "./change-service.ts";
import { deployCandidate } from "./deploy-candidate.ts";
import { findRevision } from "./find-revision.ts";
import { planScaling, planWaking } from "./plan-scaling.ts";
import { promoted, rolledBack, shifted } from "./plan-traffic.ts";
import { priceOf } from "./price-instance.ts";
import { readStatus, revisionsIn } from "./read-status.ts";
import { openRunApi, serviceName } from "./run-api.ts";
import { refuseFailed, sendTraffic, type TrafficPlan } from "./send-traffic.ts";
import type { Settings } from "./settings.ts";

export async function createControl(
  settings: Settings,
  surroundings: Surroundings,
): Promise<ProviderControl> {
  const { clock, chance } = surroundings;
  const api = openRunApi(settings);
  const changer = { api, name: serviceName(settings), clock, chance };
  const send = (options: Changing, plan: TrafficPlan): Promise<void> => sendTraffic(changer, options, plan);
  return {
    kind: "cloud-run",
    capabilities: capabilitiesOf(settings),
    status: ({ signal }) => readStatusNow(changer, signal),
    scale: async (wanted, options) => {
      await changeService(changer, options, (view) => planScaling(view, wanted));
    },
    deploy: (wanted, options) => deployCandidate(changer, settings, wanted, options),
    shift: ({ revision, share }, options) => send(options, (shares) => shifted(shares, revision, share)),
    promote: async ({ revision }, options) => {
      await refuseFailed(changer, revision, options.signal);
      await send(options, (shares) => promoted(shares, revision));
    },
    rollback: ({ revision }, options) => send(options, (shares) => rolledBack(shares, revision)),
    wake: async ({ instances }, options) => {
      await changeService(changer, options, (view) => planWaking(view, instances));
    },
    price: async () => priceOf(settings),
    close: api.close,
    [Symbol.asyncDispose]: api.close,
  };
}

async function readStatusNow(changer: Changer, signal: AbortSignal): Promise<ProviderStatus> {
  const view = await lookAt(changer, signal);
  const read = revisionsIn(view).map(async (name) => {
    const revision = await findRevision(changer, name, signal);
    return revision ? ([[name, revision]] as const) : [];
  });
  return readStatus(view, new Map((await Promise.all(read)).flat()));
}
