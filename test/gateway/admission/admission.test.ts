import { expect, test } from "vitest";
import { createAdmission } from "#gateway/admission/admission.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { ask, openAdmission as open } from "#test/support/admissions.ts";
import { caller, perSecond, tenant } from "#test/support/callers.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

test("a caller that nothing bounds costs no round trip when there is nothing to look up", async () => {
  const { admission, calls } = open();
  const { headers } = await admission.admit(ask({ caller: caller() }));
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
    .poll(async () => `${Buffer.from((await real.apply([{ kind: "get", tag: "acme", key }]))[0] ?? [])}`)
    .toBe("40000");
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

test("a refusal says where the caller's limits stand", async () => {
  const { admission } = open();
  const who = caller({ limits: perSecond(2) });
  for (let count = 0; count < 2; count += 1) await admission.admit(ask({ caller: who }));
  await expect(admission.admit(ask({ caller: who }))).rejects.toMatchObject({
    headers: { "ratelimit-policy": '"key";q=2;w=1', ratelimit: '"key";r=0;t=1' },
  });
});

test("the concurrency of a key, of its tenant and of a model hold side by side", async () => {
  const { admission } = open();
  const atOnce = (concurrency: number) => ({ rates: [], concurrency });
  const shared = tenant({ limits: atOnce(2), modelLimits: new Map([["digits-n", atOnce(1)]]) });
  const one = caller({ limits: atOnce(2), tenant: shared });
  const other = caller({ ...one, id: "k2" });
  const first = await admission.admit(ask({ caller: one, model: "digits-n" }));
  const ofModel = admission.admit(ask({ caller: other, model: "digits-n" }));
  await expect(ofModel).rejects.toThrow("1 requests are under way");
  await admission.admit(ask({ caller: one }));
  await expect(admission.admit(ask({ caller: one }))).rejects.toMatchObject({ code: "concurrency_limited" });
  await expect(admission.admit(ask({ caller: other }))).rejects.toMatchObject({
    code: "concurrency_limited",
  });
  first.end();
  await admission.admit(ask({ caller: other, model: "digits-n" }));
});

test("a place whose gateway fell silent comes free when no request could still be under way", async () => {
  const { admission, clock } = open({ placeMs: 35_000 });
  const who = caller({ limits: { rates: [], concurrency: 1 } });
  await admission.admit(ask({ caller: who }));
  clock.advance(34_999);
  await expect(admission.admit(ask({ caller: who }))).rejects.toMatchObject({ code: "concurrency_limited" });
  clock.advance(1);
  await expect(admission.admit(ask({ caller: who }))).resolves.toBeDefined();
});

test("a lookup that its caller has paid for costs no second time", async () => {
  const { admission, calls, spent } = open();
  const who = caller({ tenant: tenant({ monthly: { nanoUsd: 10_000 } }) });
  const lookups = [{ key: "one", free: true }, { key: "other" }];
  const { end } = await admission.admit(ask({ caller: who, images: 2, uncached: 1, lookups }));
  expect(await spent("nanousd")).toBe(2_000);
  const before = calls.length;
  end({ images: 2, nanoUsd: 2_000 });
  expect(calls.length).toBe(before);
  expect(await spent("nanousd")).toBe(2_000);
});

test("a token's subject may have a long name of any letters", async () => {
  const { admission } = open();
  const who = caller({ id: "界".repeat(200), limits: { ...perSecond(1), concurrency: 1 } });
  await expect(admission.admit(ask({ caller: who }))).resolves.toBeDefined();
  const other = caller({ id: "世".repeat(200), limits: { ...perSecond(1), concurrency: 1 } });
  await expect(admission.admit(ask({ caller: other }))).resolves.toBeDefined();
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
