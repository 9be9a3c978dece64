import { type Hand, liveHand, type ProviderCall } from "#adapters/hand.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Actor } from "../records/actor.ts";
import { usualRights } from "../records/api-key.ts";
import { recordAudit } from "../records/audit.ts";
import { ofTerm } from "../records/leader.ts";
import type { Leading } from "./leader.ts";
import { summarizeCall } from "./summarize-call.ts";

export type HandOptions = {
  readonly database: Database;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly provider: string;
  readonly signal: AbortSignal;
  readonly tell?: (call: ProviderCall) => void;
};

/**
 * A live hand for as long as a term lasts: the lock is asked for right before each try, so that a leader that wakes from a
 * long sleep changes nothing more.
 */
export function leadersHand(
  options: HandOptions & { readonly leading: Leading; readonly name: string },
): Hand {
  const { database, leading, name } = options;
  const { check } = leading;
  return auditedHand({ ...options, database: ofTerm(database, leading.term), actor: { id: name }, check });
}

/** A live hand whose every call is in the audit before it is made. */
export function auditedHand(
  options: HandOptions & { readonly actor: Actor; readonly check?: () => Promise<void> },
): Hand {
  const { signal, tell = () => undefined, check } = options;
  const live = liveHand(options, { tell, signal });
  return {
    isDry: false,
    change: async (call, make, instead) => {
      await audit(call, options);
      const checked: typeof make = async () => {
        await check?.();
        return await make();
      };
      return await live.change(call, checked, instead);
    },
  };
}

async function audit(
  call: ProviderCall,
  { database, actor, provider, signal }: HandOptions & { readonly actor: Actor },
): Promise<void> {
  const told = { actor, subject: provider, tenant: usualRights.tenant } as const;
  await database.transaction(
    (query) => recordAudit(query, { ...told, action: "fleet.change", details: summarizeCall(call) }),
    { signal },
  );
}
