import { expect, test } from "vitest";
import { ask, openAdmission } from "#test/support/admissions.ts";
import { caller, perSecond } from "#test/support/callers.ts";

const model = "digits-s";

function fromMemory({ admission }: ReturnType<typeof openAdmission>, who: ReturnType<typeof caller>): number {
  let spent = 0;
  while (admission.admitFromMemory(who, model)) spent += 1;
  return spent;
}

test("a lease pays for answers out of memory until it is spent, and is taken anew only then", async () => {
  const opened = openAdmission();
  const who = caller({ limits: perSecond(50) });
  expect(fromMemory(opened, who)).toBe(0);
  await opened.admission.admit(ask({ caller: who, lease: 2 }));
  const before = opened.calls.length;
  expect(fromMemory(opened, who)).toBe(2);
  expect(opened.calls.length).toBe(before);
  await opened.admission.admit(ask({ caller: who, lease: 2 }));
  await opened.admission.admit(ask({ caller: who, images: 3, lease: 2 }));
  expect(fromMemory(opened, who)).toBe(2);
  const { headers } = await opened.admission.admit(ask({ caller: who }));
  expect(headers.ratelimit).toMatch(/r=40;/);
});

test("a lease eats none of the burst: every request that fits is let in", async () => {
  const { admission } = openAdmission();
  const who = caller({ limits: perSecond(1_000) });
  const one = () => admission.admit(ask({ caller: who, lease: 100 }));
  for (let count = 0; count < 500; count += 1) await one();
  await Promise.all(Array.from({ length: 400 }, one));
});

test("requests that come together take one lease together", async () => {
  const opened = openAdmission();
  const who = caller({ limits: perSecond(1_000) });
  await Promise.all(
    Array.from({ length: 50 }, () => opened.admission.admit(ask({ caller: who, lease: 100 }))),
  );
  expect(fromMemory(opened, who)).toBe(100);
});

test("misses under the limit pass at any pace, however many leases are lost on the way", async () => {
  const { admission, clock } = openAdmission();
  const who = caller({ limits: perSecond(100) });
  for (let second = 0; second < 20; second += 1) {
    for (let count = 0; count < 90; count += 1) {
      admission.refuseExhausted(who, model);
      await admission.admit(ask({ caller: who, lease: 10 }));
    }
    clock.advance(1_000);
  }
});

test("a lease is a tenth of the narrowest burst at most, and none at all of a narrow one", async () => {
  const opened = openAdmission();
  const wide = caller({ limits: perSecond(40) });
  await opened.admission.admit(ask({ caller: wide, lease: 100 }));
  expect(fromMemory(opened, wide)).toBe(4);
  const narrow = caller({ id: "k2", limits: perSecond(9) });
  await opened.admission.admit(ask({ caller: narrow, lease: 100 }));
  expect(fromMemory(opened, narrow)).toBe(0);
});

test("a lease for which there is no room makes no request fail, and is asked for again later", async () => {
  const opened = openAdmission();
  const who = caller({ limits: perSecond(20) });
  await opened.admission.admit(ask({ caller: who, images: 19 }));
  await expect(opened.admission.admit(ask({ caller: who, lease: 2 }))).resolves.toBeDefined();
  expect(fromMemory(opened, who)).toBe(0);
  opened.clock.advance(1_000);
  await opened.admission.admit(ask({ caller: who, lease: 2 }));
  expect(fromMemory(opened, who)).toBe(2);
});

test("a lease that took the last of a limit is spent before anybody is refused", async () => {
  const opened = openAdmission();
  const who = caller({ limits: perSecond(10) });
  await opened.admission.admit(ask({ caller: who, images: 9, lease: 1 }));
  opened.admission.refuseExhausted(who, model);
  await opened.admission.admit(ask({ caller: who }));
  await expect(opened.admission.admit(ask({ caller: who }))).rejects.toMatchObject({ code: "rate_limited" });
  expect(() => opened.admission.refuseExhausted(who, model)).toThrow('the limit "key"');
});

test("what is left of a lease after a second is lost", async () => {
  const opened = openAdmission();
  const who = caller({ limits: perSecond(50) });
  await opened.admission.admit(ask({ caller: who, lease: 5 }));
  opened.clock.advance(1_000);
  expect(fromMemory(opened, who)).toBe(0);
});
