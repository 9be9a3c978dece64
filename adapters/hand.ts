import { retryCalmly } from "./retry-calmly.ts";
import type { Surroundings } from "./surroundings.ts";

/** A call that changes something, as it is sent. */
export type ProviderCall = {
  /** As the provider's own permissions name it, such as `ecs:UpdateService`. */
  readonly action: string;
  readonly request: unknown;
};

/** How a cloud is changed: for real, or only in words. */
export type Hand = {
  /** Nothing is changed, so nothing will ever look as if it had been. */
  readonly isDry: boolean;
  /** `instead` is what a dry hand answers with. Of `make`, foreign errors are translated already. */
  readonly change: <Answer>(
    call: ProviderCall,
    make: () => Promise<Answer>,
    instead: Answer,
  ) => Promise<Answer>;
};

export type TellCall = (call: ProviderCall) => void;

/** Says each call before it is made; whoever is throttled waits a while and asks again, until the signal ends it. */
export function liveHand(
  surroundings: Pick<Surroundings, "clock" | "chance">,
  { tell, signal }: { readonly tell: TellCall; readonly signal: AbortSignal },
): Hand {
  return {
    isDry: false,
    change: (call, make) => {
      tell(call);
      return retryCalmly(make, { ...surroundings, signal, mayRepeat: "refused" });
    },
  };
}

/** Says each call and makes none. */
export function dryHand(tell: TellCall): Hand {
  return {
    isDry: true,
    change: async (call, _make, instead) => {
      tell(call);
      return instead;
    },
  };
}
