import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, ProviderControl, Scaling } from "../control.ts";
import { declaredPrice } from "../declared-price.ts";
import type { Surroundings } from "../surroundings.ts";
import { openEcs } from "./ask-ecs.ts";
import { capabilitiesOf, defaults } from "./billing.ts";
import { deploy } from "./deploy.ts";
import type { Desk } from "./desk.ts";
import { planCount } from "./plan-rollout.ts";
import { promote, shift } from "./promote.ts";
import { apiOf, knowRevisions, readService } from "./read-service.ts";
import { readStatus } from "./read-status.ts";
import { rollback } from "./rollback.ts";
import type { Settings } from "./settings.ts";

/** Everything that is done to a service, by an identity that may. */
export async function createControl(
  settings: Settings,
  surroundings: Surroundings,
): Promise<ProviderControl> {
  const ecs = await openEcs(apiOf(settings), surroundings);
  const reader = { ecs, place: settings, revisions: knowRevisions(ecs) };
  const desk: Desk = { ...reader, settings, clock: surroundings.clock };
  const close = async (): Promise<void> => ecs.close();
  return {
    kind: "ecs",
    capabilities: capabilitiesOf(settings),
    status: ({ signal }) => readStatus(desk, signal),
    scale: (wanted, changing) => count(desk, changing, (present) => within(wanted, present)),
    deploy: (wanted, changing) => deploy(desk, wanted, changing),
    shift: (wanted, { signal }) => shift(desk, wanted, signal),
    promote: ({ revision }, changing) => promote(desk, revision, changing),
    rollback: ({ revision }, changing) => rollback(desk, revision, changing),
    wake: ({ instances }, changing) => count(desk, changing, (present) => Math.max(present, instances)),
    price: async () => declaredPrice(settings, defaults),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function count(
  { ecs, settings }: Desk,
  { hand, signal }: Changing,
  next: (present: number) => number,
): Promise<void> {
  const service = await readService(ecs, settings, signal);
  if (service.schedulingStrategy === "DAEMON")
    throw new TradewindError(
      "provider_unsupported",
      `service ${settings.service} has one task on each machine`,
      {
        hint: "its count is the count of machines; scale their group, or make it a REPLICA service",
      },
    );
  const request = planCount(service, next(service.desiredCount ?? 0), settings);
  if (request === undefined) return;
  const make = (): Promise<unknown> => ecs.updateService(request, signal);
  await hand.change({ action: "ecs:UpdateService", request }, make, undefined);
}

/** Without a count, the present one, as far as the bounds let it be. */
function within({ count, least = 0, most = Number.POSITIVE_INFINITY }: Scaling, present: number): number {
  return Math.min(most, Math.max(least, count ?? present));
}
