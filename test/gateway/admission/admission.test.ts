import { expect, test } from "vitest";
import { type AdmissionAsk, createAdmission } from "#gateway/admission/admission.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { caller, perSecond, tenant } from "#test/support/callers.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

type Setting = { readonly away?: boolean; readonly gateways?: number; readonly shared?: boolean };

function open({ away = false, gateways = 1, shared = true }: Setting = {}) {
  const clock = createFakeClock({ startAt: Date.UTC(2026, 10, 21) });
  const real = createSoftStateInProcess({ clock });
  const calls: unknown[] = [];
  const state = { away };
  const softState: Pick<SoftState, "apply"> = {
    apply: (operations, options) => {
      calls.push(operations);
      if (state.away) return Promise.reject(new TradewindError("soft_state_unavailable", "away"));
      return real.apply(operations, options);
    },
  };
  const counted: string[] = [];
  let names = 0;
  const admission = createAdmission({
    softState,
    local: createSoftStateInProcess({ clock }),
    shared,
    gateways: () => gateways,
    used: () => ({ images: 0, nanoUsd: 0 }),
    clock,
    name: () => `r${++names}`,
    onCounted: (where) => counted.push(where),
  });
  return { admission, clock, calls, counted, state, real };
}

function ask(parts: Partial<AdmissionAsk> = {}): AdmissionAsk {
  return {
    caller: caller(),
    model: "digits-s",
    whenAway: "local",
    images: 1,
    uncached: 1,
    nanoUsdEach: 1_000,
    lookups: [],
    ...parts,
  };
}

test("a caller that nothing bounds costs no round trip when there is nothing to look up", async () => {
  const { admission, calls } = open();
  const { headers } = await admission.admit(ask());
  expect({ calls, headers }).toEqual({ calls: [], headers: {} });
});

test("a limit lets in what it says, then refuses with the time to wait, and lets in again after it", async () => {
  const { admission, clock } = open();
  const who = caller({ limits: perSecond(2) });
  expect((await admission.admit(ask({ caller: who }))).headers).toEqual({
    "ratelimit-policy": '"key";q=2;w=1',
    ratelimit: '"key";r=1;t=1',
  });
  await admission.admit(ask({ caller: who }));
  const refused = await admission.admit(ask({ caller: who })).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "rate_limited", retryAfterMs: 500 });
  clock.advance(500);
  await admission.admit(ask({ caller: who }));
});

test("who is known to have nothing left is refused from memory until the reset, without a round trip", async () => {
  const { admission, clock, calls } = open();
  const who = caller({ limits: perSecond(1) });
  await admission.admit(ask({ caller: who }));
  await admission.admit(ask({ caller: who })).catch(() => {});
  const before = calls.length;
  clock.advance(400);
  expect(() => admission.refuseExhausted(who, "digits-s")).toThrow(
    expect.objectContaining({ code: "rate_limited", retryAfterMs: 600 }),
  );
  clock.advance(600);
  admission.refuseExhausted(who, "digits-s");
  expect(calls.length).toBe(before);
});

test("a caller whose limits were changed is not refused for what the old ones said", async () => {
  const { admission } = open();
  const old = caller({ limits: perSecond(1) });
  await admission.admit(ask({ caller: old }));
  await admission.admit(ask({ caller: old })).catch(() => {});
  admission.refuseExhausted(caller({ limits: perSecond(5) }), "digits-s");
});

test("key, tenant and model are each held to their own limit, and none is charged when another refuses", async () => {
  const { admission } = open();
  const narrow = tenant({ limits: perSecond(3), modelLimits: new Map([["digits-n", perSecond(1)]]) });
  const who = caller({ tenant: narrow, limits: perSecond(10) });
  await admission.admit(ask({ caller: who, model: "digits-n" }));
  await expect(admission.admit(ask({ caller: who, model: "digits-n" }))).rejects.toThrow(/"model"/);
  await admission.admit(ask({ caller: who }));
  await admission.admit(ask({ caller: who }));
  await expect(admission.admit(ask({ caller: who }))).rejects.toThrow(/"tenant"/);
  const colleague = caller({ id: "k2", tenant: narrow });
  await expect(admission.admit(ask({ caller: colleague }))).rejects.toThrow(/"tenant"/);
  await admission.admit(
    ask({ caller: caller({ id: "k1", tenant: tenant({ id: "other" }), limits: perSecond(1) }) }),
  );
});

test("more images at once than a limit ever lets in are refused without a time to wait", async () => {
  const { admission } = open();
  const refused = admission.admit(ask({ caller: caller({ limits: perSecond(2) }), images: 3 }));
  await expect(refused).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: undefined });
});

test("a place is taken while a request is under way and free when it has ended", async () => {
  const { admission } = open();
  const who = caller({ limits: { rates: [], concurrency: 1 } });
  const first = await admission.admit(ask({ caller: who }));
  await expect(admission.admit(ask({ caller: who }))).rejects.toMatchObject({ code: "concurrency_limited" });
  first.end();
  first.end();
  await expect.poll(() => admission.admit(ask({ caller: who })).then(() => true)).toBe(true);
});

test("two hundred requests at once do not overspend a budget, and what they did not use goes back", async () => {
  const { admission, real } = open();
  const who = caller({ tenant: tenant({ monthly: { nanoUsd: 100_500 } }) });
  const tries = await Promise.allSettled(
    Array.from({ length: 200 }, () => admission.admit(ask({ caller: who }))),
  );
  const admitted = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(admitted.length).toBe(100);
  for (const one of admitted) one.end({ images: 1, nanoUsd: 400 });
  const key = "b:2026-11:nanousd";
  await expect
    .poll(async () => (await real.apply([{ kind: "settle", tag: "acme", key, by: 0 }]))[0])
    .toBe(40_000);
});

test("the images of a month are a bound of their own, and a refusal says which bound it was", async () => {
  const { admission } = open();
  const who = caller({ tenant: tenant({ monthly: { images: 1, nanoUsd: 500 } }) });
  await admission.admit(ask({ caller: who, nanoUsdEach: 100 }));
  await expect(admission.admit(ask({ caller: who, nanoUsdEach: 100 }))).rejects.toMatchObject({
    code: "quota_exhausted",
  });
  const poor = caller({ tenant: tenant({ id: "poor", monthly: { images: 9, nanoUsd: 50 } }) });
  await expect(admission.admit(ask({ caller: poor, nanoUsdEach: 100 }))).rejects.toMatchObject({
    code: "budget_exhausted",
  });
});

test("without shared state a closed route refuses, an open one counts nothing, a local one counts its share", async () => {
  const { admission, counted } = open({ away: true, gateways: 2 });
  const who = caller({ limits: perSecond(4) });
  await expect(admission.admit(ask({ caller: who, whenAway: "closed" }))).rejects.toMatchObject({
    code: "limits_unavailable",
  });
  for (let count = 0; count < 6; count += 1) await admission.admit(ask({ caller: who, whenAway: "open" }));
  await admission.admit(ask({ caller: who }));
  await admission.admit(ask({ caller: who }));
  await expect(admission.admit(ask({ caller: who }))).rejects.toMatchObject({ code: "rate_limited" });
  expect(counted).toEqual([...Array(6).fill("nowhere"), "here", "here", "here"]);
});

test("processes that share nothing divide a limit between them", async () => {
  const { admission } = open({ shared: false, gateways: 4 });
  const who = caller({ limits: perSecond(8) });
  await admission.admit(ask({ caller: who }));
  await admission.admit(ask({ caller: who }));
  await expect(admission.admit(ask({ caller: who }))).rejects.toMatchObject({ code: "rate_limited" });
});

test("a lease pays for answers out of memory until it is spent, and never makes a request fail", async () => {
  const { admission, calls } = open();
  const who = caller({ limits: perSecond(5) });
  expect(admission.admitFromMemory(who, "digits-s")).toBeUndefined();
  await admission.admit(ask({ caller: who, lease: 2 }));
  const before = calls.length;
  expect(admission.admitFromMemory(who, "digits-s")).toBeDefined();
  expect(admission.admitFromMemory(who, "digits-s")).toBeDefined();
  expect(admission.admitFromMemory(who, "digits-s")).toBeUndefined();
  expect(calls.length).toBe(before);
  await admission.admit(ask({ caller: who, lease: 3 }));
  await expect(admission.admit(ask({ caller: who, lease: 3 }))).resolves.toBeDefined();
});

test("a failure that is not the shared state's own is not taken for its absence", async () => {
  const { admission, real } = open();
  await real.close();
  const broken = createAdmissionOver(() => Promise.reject(new TypeError("a bug")));
  await expect(broken.admit(ask({ caller: caller({ limits: perSecond(1) }) }))).rejects.toThrow();
  await expect(admission.admit(ask({ caller: caller({ limits: perSecond(1) }) }))).resolves.toMatchObject({
    countedIn: "here",
  });
});

function createAdmissionOver(apply: () => Promise<never>) {
  const clock = createFakeClock();
  const local = createSoftStateInProcess({ clock });
  const used = () => ({ images: 0, nanoUsd: 0 });
  return createAdmission({
    softState: { apply },
    local,
    shared: true,
    gateways: () => 1,
    used,
    clock,
    name: () => "r",
  });
}
