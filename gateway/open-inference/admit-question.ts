import type { Admission } from "../admission/admission.ts";
import type { Caller } from "../caller.ts";
import type { Route } from "../fleet/snapshot.ts";

export type AdmittedQuestion = Disposable & { readonly headers: Readonly<Record<string, string>> };

/**
 * Counts what is asked about a model, or about all of them, as one request of its caller: no image is looked at and no
 * money spent, but a backend is asked.
 */
export async function admitQuestion(
  caller: Caller,
  route: Pick<Route, "model" | "rules"> | undefined,
  admission: Pick<Admission, "refuseExhausted" | "admit">,
): Promise<AdmittedQuestion> {
  const asking = withoutBudgets(caller);
  const model = route?.model ?? "";
  admission.refuseExhausted(asking, model);
  const { headers, end } = await admission.admit({
    caller: asking,
    model,
    whenAway: route?.rules.whenRedisIsAway ?? "local",
    images: 1,
    uncached: 0,
    nanoUsdEach: 0,
    lookups: [],
  });
  return { headers, [Symbol.dispose]: () => end({ images: 0, nanoUsd: 0 }) };
}

/** Kept, since all that is remembered of a caller is remembered by its identity. */
const unbudgeted = new WeakMap<Caller, Caller>();

/** Whose month is used up may still ask what there is. */
function withoutBudgets(caller: Caller): Caller {
  const known = unbudgeted.get(caller);
  if (known) return known;
  const made: Caller = { ...caller, tenant: { ...caller.tenant, monthly: {} } };
  unbudgeted.set(caller, made);
  return made;
}
