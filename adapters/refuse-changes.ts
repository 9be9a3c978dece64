import { TradewindError } from "#infra/runtime/errors.ts";
import type { ProviderControl } from "./control.ts";

type Verb = "scale" | "deploy" | "shift" | "promote" | "rollback" | "wake";

/** Why each verb is for somebody else, and for whom. */
export type Refusals = Readonly<Record<Verb, string>>;

/** The verbs of a place that can only be looked at. */
export function refuseChanges(refusals: Refusals): Pick<ProviderControl, Verb> {
  const refusing = (verb: Verb) => async (): Promise<never> => {
    throw new TradewindError("provider_unsupported", refusals[verb]);
  };
  return {
    scale: refusing("scale"),
    deploy: refusing("deploy"),
    shift: refusing("shift"),
    promote: refusing("promote"),
    rollback: refusing("rollback"),
    wake: refusing("wake"),
  };
}
