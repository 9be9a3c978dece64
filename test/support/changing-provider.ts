import type { Address } from "#adapters/kept-endpoints.ts";
import { keepEndpoints } from "#adapters/kept-endpoints.ts";
import type { Provider } from "#adapters/provider.ts";

/** What a provider says of its backends, as a test wants it. */
export type ChangingProvider = AsyncDisposable &
  Pick<Provider, "discover" | "rediscoverMs"> & {
    /** From now on: where they are, why that cannot be told, or nothing at all for as long as somebody waits. */
    readonly say: (answer: readonly Address[] | Error | "nothing") => void;
    readonly asked: () => number;
  };

export function createChangingProvider(
  answer: Parameters<ChangingProvider["say"]>[0],
  rediscoverMs: number | undefined = 5_000,
): ChangingProvider {
  const kept = keepEndpoints({ now: () => 0 });
  let said = answer;
  let asked = 0;
  return {
    ...(rediscoverMs !== undefined && { rediscoverMs }),
    discover: async () => {
      asked += 1;
      if (said instanceof Error) throw said;
      return said === "nothing" ? await new Promise(() => {}) : kept.keep(said);
    },
    say: (other) => {
      said = other;
    },
    asked: () => asked,
    [Symbol.asyncDispose]: kept.close,
  };
}
