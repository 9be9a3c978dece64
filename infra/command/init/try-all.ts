import { openProviders, providerSchema } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { table } from "../explain/table.ts";
import { type Trial, tryService } from "./try-service.ts";
import type { NamedService } from "./write-config.ts";

export type TryAll = {
  readonly image: Uint8Array;
  readonly model: string | undefined;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
};

/** What has to be woken first takes its time. */
const tryMs = 120_000;

/** Sends an image to every service, side by side; those of one that fails do not keep the others. */
export async function tryAll(
  services: readonly NamedService[],
  options: TryAll,
): Promise<ReadonlyMap<string, Trial>> {
  const tried = services.map(
    async (service): Promise<readonly [string, Trial]> => [service.id, await tryOne(service, options)],
  );
  return new Map(await Promise.all(tried));
}

async function tryOne(
  { kind, settings }: NamedService,
  { image, model, surroundings, signal }: TryAll,
): Promise<Trial> {
  try {
    const read = providerSchema.parse({ kind, usdPerHour: 1, ...settings });
    const providers = await openProviders({ one: read }, surroundings);
    await using provider = providers.get("one");
    if (!provider) return failed("it could not be opened");
    const within = AbortSignal.any([signal, AbortSignal.timeout(tryMs)]);
    return await tryService(provider, { image, model, clock: surroundings.clock, signal: within });
  } catch (error) {
    return failed(asTradewindError(error).message);
  }
}

function failed(trouble: string): Trial {
  return { models: [], times: undefined, trouble };
}

/** What all that told of any have, so that one route may hold them. */
export function commonModels(trials: readonly Trial[]): readonly string[] {
  const told = trials.map(({ models }) => models).filter((models) => models.length > 0);
  const [first = [], ...others] = told;
  return first.filter((name) => others.every((models) => models.includes(name))).slice(0, 20);
}

export function showTrials(trials: ReadonlyMap<string, Trial>): string {
  const head = [
    { name: "service" },
    { name: "model" },
    { name: "first", isNumber: true },
    { name: "next", isNumber: true },
    { name: "" },
  ];
  const ms = (time: number | undefined): string => (time === undefined ? "-" : `${time.toFixed(0)} ms`);
  const rows = [...trials].map(([id, { times, trouble = "" }]) => {
    return [id, times?.model ?? "-", ms(times?.firstMs), ms(times?.nextMs), trouble];
  });
  return table(head, rows);
}
