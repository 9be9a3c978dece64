import { expect, test } from "vitest";
import { ask, openAdmission } from "#test/support/admissions.ts";
import { caller, perSecond, tenant } from "#test/support/callers.ts";

const model = "digits-s";

test("who is known to have nothing left is refused from memory until the reset, without a round trip", async () => {
  const { admission, clock, calls } = openAdmission();
  const who = caller({ limits: perSecond(1) });
  await admission.admit(ask({ caller: who }));
  const before = calls.length;
  clock.advance(400);
  expect(() => admission.refuseExhausted(who, model)).toThrow(
    expect.objectContaining({
      code: "rate_limited",
      retryAfterMs: 600,
      headers: { "ratelimit-policy": '"key";q=1;w=1', ratelimit: '"key";r=0;t=1' },
    }),
  );
  clock.advance(600);
  admission.refuseExhausted(who, model);
  expect(calls.length).toBe(before);
  await admission.admit(ask({ caller: who }));
});

test("who sends many images at once is known to have nothing left, until one image would be let in", async () => {
  const { admission, clock } = openAdmission();
  const who = caller({ limits: perSecond(10) });
  await admission.admit(ask({ caller: who, images: 10 }));
  clock.advance(99);
  expect(() => admission.refuseExhausted(who, model)).toThrow('the limit "key" of 10 in 1 s is reached');
  clock.advance(1);
  admission.refuseExhausted(who, model);
  await admission.admit(ask({ caller: who }));
});

test("a list that does not fit any more refuses no single image that does", async () => {
  const { admission } = openAdmission();
  const who = caller({ limits: perSecond(10), tenant: tenant({ monthly: { images: 8 } }) });
  await admission.admit(ask({ caller: who, images: 6, uncached: 6 }));
  await expect(admission.admit(ask({ caller: who, images: 5 }))).rejects.toMatchObject({
    code: "rate_limited",
  });
  await expect(admission.admit(ask({ caller: who, images: 3 }))).rejects.toMatchObject({
    code: "quota_exhausted",
  });
  admission.refuseExhausted(who, model);
  await admission.admit(ask({ caller: who }));
});

test("of several limits the one that is back last is the one that refuses", async () => {
  const { admission, clock } = openAdmission();
  const slow = { rates: [{ requests: 1, perMs: 60_000, burst: 1 }] };
  const who = caller({ limits: perSecond(1), tenant: tenant({ limits: slow }) });
  await admission.admit(ask({ caller: who }));
  clock.advance(30_000);
  expect(() => admission.refuseExhausted(who, model)).toThrow(
    expect.objectContaining({ message: expect.stringContaining('"tenant"'), retryAfterMs: 30_000 }),
  );
});

test("a caller whose limits were changed is not refused for what the old ones said", async () => {
  const { admission } = openAdmission();
  await admission.admit(ask({ caller: caller({ limits: perSecond(1) }) }));
  admission.refuseExhausted(caller({ limits: perSecond(5) }), model);
});

test("a month's money that is spent refuses nobody from memory, since what is cached is free", async () => {
  const { admission, real } = openAdmission();
  const who = caller({ tenant: tenant({ monthly: { images: 9, nanoUsd: 1_000 } }) });
  await real.apply([{ kind: "set", tag: "acme", key: "answer", value: "seen", ttlMs: 60_000 }]);
  await admission.admit(ask({ caller: who }));
  await expect(admission.admit(ask({ caller: who }))).rejects.toMatchObject({ code: "budget_exhausted" });
  admission.refuseExhausted(who, model);
  await admission.admit(ask({ caller: who, uncached: 0, lookups: [{ key: "answer" }] }));
});

test("a month without a single image left is remembered for a moment, with the time it will take", async () => {
  const { admission, clock } = openAdmission();
  const who = caller({ tenant: tenant({ monthly: { images: 1 } }) });
  await admission.admit(ask({ caller: who }));
  await admission.admit(ask({ caller: who })).catch(() => {});
  clock.advance(249);
  expect(() => admission.refuseExhausted(who, model)).toThrow(
    expect.objectContaining({ code: "quota_exhausted", retryAfterMs: 10 * 86_400_000 - 249 }),
  );
  clock.advance(1);
  admission.refuseExhausted(who, model);
});

test("a share that is spent is not held against a caller for long, since the whole may be back with Redis", async () => {
  const { admission, clock } = openAdmission({ away: true, gateways: 4 });
  const who = caller({ limits: { rates: [{ requests: 1, perMs: 60_000, burst: 1 }] } });
  await admission.admit(ask({ caller: who }));
  clock.advance(999);
  expect(() => admission.refuseExhausted(who, model)).toThrow(
    expect.objectContaining({ retryAfterMs: 239_001 }),
  );
  clock.advance(1);
  admission.refuseExhausted(who, model);
});
