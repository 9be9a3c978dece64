import { expect, test } from "vitest";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import { openDecisions } from "#gateway/ledger/open-decisions.ts";
import { spentOnWaking } from "#gateway/ledger/spent-on-waking.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { dawn, laneAt } from "#test/support/lanes.ts";

const signal = new AbortController().signal;

const pool = poolOf([laneOf("a", { usd: 1e-6 }), laneOf("sleeper", { usd: 1e-3 })]);
const { course } = pursue(pool, () => ({ ms: 10 }), { at: dawn });
const waking = { ...course, woken: { lane: laneAt(pool, 1), usd: 0.25 } };

test("a request that was no occasion to wake anybody has no line of waking", () => {
  expect(spentOnWaking(course)).toBeUndefined();
});

test("what was spent on waking has a line of no tenant, at the backend that was woken", () => {
  expect(spentOnWaking(waking)).toEqual({
    ...{ kind: "wake", at: dawn, tenant: "", model: "digits-s", backend: "sleeper", usd: 0.25 },
  });
});

test("the hours of the ledger show what waking cost, beside what the requests cost", async () => {
  const clock = createFakeClock();
  await using decisions = openDecisions({ store: createLedgerInMemory(), clock });
  for (const one of [course, waking, waking]) decisions.record(one, factsOf());
  const scope = { from: dawn - 1, to: dawn + 1, most: 9 };
  const byBackend = await decisions.lines({ ...scope, by: "backend" }, { signal });
  expect(
    byBackend.map(({ name, requests, besideUsd }) => ({ name, requests, woken: besideUsd.wake })),
  ).toEqual([
    { name: "a", requests: 3, woken: 0 },
    { name: "sleeper", requests: 0, woken: 0.5 },
  ]);
  const [acme, ...others] = await decisions.lines({ ...scope, by: "tenant", tenant: "acme" }, { signal });
  expect(others).toEqual([]);
  expect(acme).toMatchObject({ name: "acme", usd: 3e-6, besideUsd: { wake: 0 } });
});
