import type { ProviderStatus } from "#adapters/control.ts";
import { hourMs } from "../../ledger/ledger-store.ts";
import type { SpeedSum } from "../../records/demand.ts";
import type { Stood } from "../../records/stood.ts";
import type { MeasuredSpeed } from "./capacity-of.ts";

/** What is known of one provider alone. */
export type SpeedFacts = {
  readonly speeds: readonly SpeedSum[];
  readonly stood: readonly Stood[];
  readonly status: Pick<ProviderStatus, "running" | "bounds">;
  /** Requests that one instance takes at once. */
  readonly perInstance: number;
  readonly now: number;
};

export type MeasuredSpeeds = {
  readonly measured: readonly MeasuredSpeed[];
  /** Whether nobody knows how many instances these were. */
  readonly isGuess: boolean;
};

/**
 * What the ledger's hours say of one instance: so many were there in the mean, and who came found these and was one more.
 * Where fewer backends than instances are seen these stand behind one address, and what was there at once was theirs
 * together; only hours in which somebody counted them are used then, and where nobody ever did, as many as run now.
 */
export function measureSpeeds(facts: SpeedFacts): MeasuredSpeeds {
  const { speeds, stood, status, perInstance, now } = facts;
  const ran = new Map(stood.map(({ hour, running }) => [hour, running]));
  const shown = mostShown(speeds);
  const counted = speeds.filter(({ hour }) => ran.has(hour));
  const isEachShown = shown > 1 && shown >= Math.max(status.running, ...ran.values());
  const isGuess = !isEachShown && (counted.length === 0 || status.bounds !== undefined);
  const used = isEachShown || counted.length === 0 ? speeds : counted;
  const measured = used.map(({ hour, answered, realMs }) => {
    const spanMs = Math.max(60_000, Math.min(hourMs, now - hour));
    const instances = Math.max(1, (ran.get(hour) ?? status.running) / shown);
    const atOnce = 1 + realMs / spanMs / instances;
    return {
      atOnce: isGuess ? Math.min(atOnce, perInstance) : atOnce,
      ms: realMs / answered,
      requests: answered,
    };
  });
  return { measured, isGuess };
}

/** The most that were seen in one hour: not all answer in each, and those that were replaced are seen beside the new ones. */
function mostShown(speeds: readonly SpeedSum[]): number {
  const backends = new Map<number, Set<string>>();
  for (const { hour, backend } of speeds) backends.set(hour, (backends.get(hour) ?? new Set()).add(backend));
  return Math.max(1, ...[...backends.values()].map(({ size }) => size));
}
