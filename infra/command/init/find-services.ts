import { providerSchema } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import type { FoundService } from "#adapters/survey.ts";
import { surveys } from "#adapters/surveys.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { InitAsk } from "./init-ask.ts";

export type Findings = {
  readonly services: readonly FoundService[];
  /** Those that can be no backends, and why. */
  readonly leftOut: readonly string[];
  /** Clouds that could not be looked at, and why. */
  readonly troubles: readonly string[];
};

const surveyMs = 60_000;

/** Asks every cloud; one that says no is told, and the others are looked at all the same. */
export async function findServices(
  ask: InitAsk,
  surroundings: Surroundings & { readonly signal: AbortSignal },
): Promise<Findings> {
  const scope = { ...ask, signal: AbortSignal.any([surroundings.signal, AbortSignal.timeout(surveyMs)]) };
  const asked = Object.entries(surveys).map(async ([kind, survey]): Promise<Findings> => {
    try {
      return sortOut(await survey(scope, surroundings), ask.api[kind]);
    } catch (error) {
      const { message, hint } = asTradewindError(error);
      const trouble = `${kind}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
      return { services: [], leftOut: [], troubles: [trouble] };
    }
  });
  const all = await Promise.all(asked);
  return {
    services: all.flatMap(({ services }) => services),
    leftOut: all.flatMap(({ leftOut }) => leftOut),
    troubles: all.flatMap(({ troubles }) => troubles),
  };
}

/** Whoever is found at another address of the API is asked there later on too. */
function sortOut(found: readonly FoundService[], api: string | undefined): Findings {
  const named = found.map((one) =>
    api === undefined ? one : { ...one, settings: { ...one.settings, api } },
  );
  const judged = named.map((service) => ({ service, why: service.unfit ?? whyNoProvider(service) }));
  return {
    services: judged.filter(({ why }) => why === undefined).map(({ service }) => service),
    leftOut: judged.flatMap(({ service: { kind, name }, why }) =>
      why === undefined ? [] : `${kind} ${name}: left out, since ${why}`,
    ),
    troubles: [],
  };
}

/** What a configuration would say to it; a price is what a person may still have to give. */
function whyNoProvider({ kind, settings }: FoundService): string | undefined {
  const { error } = providerSchema.safeParse({ kind, usdPerHour: 1, ...settings });
  const [issue] = error?.issues ?? [];
  return issue && `${issue.path.join(".") || "it"}: ${issue.message}`;
}
