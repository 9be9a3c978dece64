import type { Scaling, Trouble } from "#adapters/control.ts";
import type { Observed } from "./observe.ts";

/** What was ordered of platforms, until they have done it. */
export type Verification = {
  readonly ordered: (provider: string, wanted: Scaling, at: number) => void;
  /** Looks whether it stands by now, and says what turned. */
  readonly look: (observed: ReadonlyMap<string, Observed>, now: number) => readonly Verified[];
};

export type Verified = {
  readonly provider: string;
  readonly wanted: Scaling;
  readonly afterMs: number;
  /** `settled`; `lacking`: the platform has no more; `late`: it says nothing of why. */
  readonly kind: "settled" | "lacking" | "late";
  /** How many do stand. */
  readonly running: number;
  readonly why: string;
};

type Order = { readonly wanted: Scaling; readonly at: number; isToldLate: boolean };

/** Longer than an instance usually takes to its first readiness. */
const lateMs = 900_000;

export function createVerification(): Verification {
  const orders = new Map<string, Order>();
  return {
    ordered: (provider, wanted, at) => void orders.set(provider, { wanted, at, isToldLate: false }),
    look: (observed, now) =>
      [...orders].flatMap(([provider, order]) => {
        const found = verify(provider, order, observed.get(provider), now);
        if (found?.kind === "late") order.isToldLate = true;
        else if (found) orders.delete(provider);
        return found ?? [];
      }),
  };
}

function verify(
  provider: string,
  { wanted, at, isToldLate }: Order,
  observed: Observed | undefined,
  now: number,
): Verified | undefined {
  const { status } = observed ?? {};
  if (!status) return undefined;
  const { running, desired } = status;
  const told = { provider, wanted, afterMs: now - at, running };
  const isDone = running >= Math.min(desired, wanted.count ?? wanted.least ?? 0);
  if (status.isSettled && isDone) return { ...told, kind: "settled", why: "" };
  const lack = status.troubles.find((trouble) => isLack(trouble, at));
  if (lack && running < desired) return { ...told, kind: "lacking", why: lack.message };
  if (now - at < lateMs || isToldLate) return undefined;
  return { ...told, kind: "late", why: status.troubles.at(-1)?.message ?? "its platform does not say why" };
}

/** Of before the order it says nothing about it. */
function isLack({ kind, at = 0 }: Trouble, since: number): boolean {
  return (kind === "quota" || kind === "capacity") && at >= since;
}
