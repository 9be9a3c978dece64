import type {
  Admission,
  AdmitOperation,
  Budget,
  Lookup,
  Places,
  Rate,
  Receipt,
  SoftState,
} from "#infra/runtime/soft-state/soft-state.ts";

export type AdmissionSubject = { readonly soft: SoftState; readonly pass: (ms: number) => Promise<void> };
export type AdmissionHolds = (behaviour: string, prove: (subject: AdmissionSubject) => Promise<void>) => void;

export type AdmitParts = Partial<Omit<AdmitOperation, "kind" | "tag">>;

export const tag = "tenant";
export const ttlMs = 60_000;

/** One unit of it comes back every 400 ms, which no test machine is slow enough to meet between two calls. */
export const slowRate: Rate = { key: "rate", most: 150, periodMs: 60_000, burst: 2, cost: 1 };
export const receipt: Receipt = { key: "receipt", ttlMs };
export const twoPlaces: Places = { key: "places", member: "a", most: 2, ttlMs };
export const budget: Budget = { key: "budget", most: 100, seed: 0, cost: 1, costEach: 0, ttlMs };
export const claiming: Lookup = { key: "value", claim: { key: "claim", token: "me", ttlMs } };

export function operation(parts: AdmitParts): AdmitOperation {
  return { kind: "admit", tag, rates: [], budgets: [], lookups: [], ...parts };
}

export async function admit(soft: SoftState, parts: AdmitParts): Promise<Admission> {
  const [admission] = await soft.apply([operation(parts)]);
  return admission;
}
