import type { InstancePrice, ProviderControl, ProviderStatus } from "#adapters/control.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { Controls } from "./open-controls.ts";
import { withinTime } from "./within-time.ts";

/** How a provider stands now, as far as its platform tells. */
export type Observed = {
  readonly provider: string;
  readonly status: ProviderStatus | undefined;
  readonly price: InstancePrice | undefined;
  /** What could not be read, and why. */
  readonly troubles: readonly TradewindError[];
};

export type Observing = {
  readonly signal: AbortSignal;
  /** For each provider on its own, so that a cloud that hangs holds up no other. */
  readonly timeoutMs?: number;
};

/** Status and price of all providers, side by side; one that fails is told and left alone. */
export async function observeFleet(
  controls: Pick<Controls, "of" | "names" | "troubles">,
  { signal, timeoutMs = 20_000 }: Observing,
): Promise<ReadonlyMap<string, Observed>> {
  const unopened = [...controls.troubles()].map(([provider, error]): Observed => {
    return { provider, status: undefined, price: undefined, troubles: [error] };
  });
  const seen = await Promise.all(
    controls.names().map(async (provider): Promise<Observed> => {
      const control = controls.of(provider);
      const troubles: TradewindError[] = [];
      const within = { signal, ms: timeoutMs, what: provider };
      const ask = async <Answer>(
        question: (of: ProviderControl, reading: { readonly signal: AbortSignal }) => Promise<Answer>,
      ): Promise<Answer | undefined> => {
        try {
          return control && (await withinTime(within, (ending) => question(control, { signal: ending })));
        } catch (thrown) {
          signal.throwIfAborted();
          troubles.push(asTradewindError(thrown));
          return undefined;
        }
      };
      const [status, price] = await Promise.all([
        ask((of, reading) => of.status(reading)),
        ask((of, reading) => of.price(reading)),
      ]);
      return { provider, status, price, troubles };
    }),
  );
  return new Map([...seen, ...unopened].map((one) => [one.provider, one]));
}
