import { type AdmissionAsk, createAdmission } from "#gateway/admission/admission.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftOperation, SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { unsent } from "#infra/runtime/soft-state/unsent.ts";
import { createFakeClock } from "./fake-clock.ts";

export type AdmissionSetting = {
  readonly away?: boolean;
  readonly gateways?: number;
  readonly shared?: boolean;
  readonly placeMs?: number;
};

/** Admissions over a soft state that a test sends away, or lets do everything without an answer. */
export function openAdmission(setting: AdmissionSetting = {}) {
  const { away = false, gateways = 1, shared = true, placeMs } = setting;
  const clock = createFakeClock({ startAt: Date.UTC(2026, 10, 21) });
  const real = createSoftStateInProcess({ clock });
  const local = createSoftStateInProcess({ clock });
  const calls: (readonly SoftOperation[])[] = [];
  const state = { away, late: false, unsent: false };
  const softState: Pick<SoftState, "apply"> = {
    apply: async (operations, options) => {
      calls.push(operations);
      const unavailable = new TradewindError("soft_state_unavailable", "away");
      if (state.away) throw unavailable;
      if (state.unsent) throw unsent("refused before it left");
      const answers = await real.apply(operations, options);
      if (state.late) throw unavailable;
      return answers;
    },
  };
  const counted: string[] = [];
  let names = 0;
  const admission = createAdmission({
    softState,
    local,
    shared,
    gateways: () => gateways,
    used: () => ({ images: 0, nanoUsd: 0 }),
    clock,
    name: () => `r${++names}`,
    onCounted: (where) => counted.push(where),
    ...(placeMs !== undefined && { placeMs }),
  });
  /** What a month's counter of the tenant stands at. */
  const spent = async (
    what: "images" | "nanousd",
    store: Pick<SoftState, "apply"> = real,
  ): Promise<number> => {
    const [count] = await store.apply([{ kind: "get", tag: "acme", key: `b:2026-11:${what}` }]);
    return Number(new TextDecoder().decode(count));
  };
  return { admission, clock, calls, counted, state, real, local, spent };
}

export function ask(parts: Partial<AdmissionAsk> & Pick<AdmissionAsk, "caller">): AdmissionAsk {
  return {
    model: "digits-s",
    whenAway: "local",
    images: 1,
    uncached: 1,
    nanoUsdEach: 1_000,
    lookups: [],
    ...parts,
  };
}
