import { openProviders, providerSchema } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import { name } from "#gateway/config/names.ts";
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

/**
 * Those that may want signed calls: they let nobody in, and their kind can sign. What stands before a backend knows, and
 * its platform does not.
 */
export function maybeSigned(
  services: readonly NamedService[],
  trials: ReadonlyMap<string, Trial>,
): ReadonlySet<string> {
  const locked = services.filter(({ id }) => trials.get(id)?.refusedWith === 401);
  return new Set(locked.filter(canSign).map(({ id }) => id));
}

function canSign({ kind, settings }: NamedService): boolean {
  const sign = { secret: { env: "TRADEWIND_CALL_SECRET" } };
  return providerSchema.safeParse({ kind, usdPerHour: 1, ...settings, sign }).success;
}

/** What all that told of any have, so that one route may hold them. */
export function commonModels(trials: readonly Trial[]): readonly string[] {
  const told = trials.map(({ models }) => models).filter((models) => models.length > 0);
  const [first = [], ...others] = told;
  // What a configuration cannot call a model must not stand in one, whatever it would mean there.
  const named = first.filter((one) => name.safeParse(one).success);
  return named.filter((one) => others.every((models) => models.includes(one))).slice(0, 20);
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
