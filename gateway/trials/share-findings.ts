import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Finding, TrialsStore } from "./trials-store.ts";

/** Lays what this gateway has found to what others have, as far as it is new. */
export type ShareFindings = (findings: readonly Finding[]) => Promise<void>;

export type ShareOptions = {
  readonly store: Pick<TrialsStore, "write">;
  /** As this gateway is known there. */
  readonly gateway: string;
  readonly timeoutMs?: number;
};

const mostAtOnce = 200;

export function createSharing({ store, gateway, timeoutMs = 5_000 }: ShareOptions): ShareFindings {
  let written = new Map<string, string>();
  return async (findings) => {
    const now = new Map(findings.map((finding) => [keyOf(finding), signOf(finding)]));
    const changed = findings.filter((finding) => written.get(keyOf(finding)) !== now.get(keyOf(finding)));
    try {
      for (let from = 0; from < changed.length; from += mostAtOnce) {
        const signal = AbortSignal.timeout(timeoutMs);
        await store.write(gateway, changed.slice(from, from + mostAtOnce), { signal });
      }
      written = now;
    } catch (error) {
      sideConcernSkipped.publish({ what: "comparing answers", detail: "telling the other gateways", error });
    }
  };
}

function keyOf({ model, backend }: Finding): string {
  return JSON.stringify([model, backend]);
}

/** Counts only grow, so that the same ones are of the same facts. */
function signOf({ step, version, facts, state, isBarred }: Finding): string {
  return JSON.stringify([step, version, facts.asked, facts.compared, state, isBarred]);
}
