import { expect, test } from "vitest";
import { countAgreement, countOutcome, noFacts } from "#gateway/agreement/trial-facts.ts";
import { createSharing } from "#gateway/trials/share-findings.ts";
import { createTrialsInMemory, type Finding, findingsOfStep } from "#gateway/trials/trials-store.ts";
import { type SkippedEvent, sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const names = {
  model: "m",
  backend: "b",
  step: "s",
  version: "1",
  state: "agrees",
  why: "",
  isBarred: false,
} as const;

function finding(times: number, more: Partial<Finding> = {}): Finding {
  const facts = noFacts();
  for (let n = 0; n < times; n += 1) countOutcome(facts, { ms: 10, usd: 0.1 });
  if (times > 0) countAgreement(facts, 1);
  return { ...names, facts, ...more };
}

test("what gateways found of one backend in one step is added up, and what they said stays as it is", () => {
  const [one, two] = [finding(3), finding(4)];
  const others = [finding(9, { step: "other" }), finding(9, { model: "n" })];
  const [merged, ...more] = findingsOfStep([one, two, ...others], { model: "m", step: "s" });
  expect(more).toEqual([]);
  expect(merged?.facts).toMatchObject({ asked: 7, compared: 2, agreement: 1 });
  expect([one.facts.asked, two.facts.asked]).toEqual([3, 4]);
});

test("facts about other weights than the newest are left out", () => {
  const found = findingsOfStep([finding(1, { version: "2" }), finding(8)], { model: "m", step: "s" });
  expect(found).toMatchObject([{ version: "2", facts: { asked: 1 } }]);
});

test("one gateway that sees a backend drift, or has taken it out, is enough to say so", () => {
  const drifts = finding(1, { state: "drifts", why: "it differs" });
  for (const all of [
    [finding(5), drifts, finding(1, { isBarred: true })],
    [drifts, finding(5, { state: "unknown", isBarred: true })],
  ])
    expect(findingsOfStep(all, { model: "m", step: "s" })).toMatchObject([
      { state: "drifts", why: "it differs", isBarred: true },
    ]);
});

test("a process without a database reads what it wrote last", async () => {
  const store = createTrialsInMemory();
  const signal = AbortSignal.timeout(1_000);
  await store.write("g", [finding(1), finding(1, { backend: "c" })], { signal });
  await store.write("g", [finding(2)], { signal });
  const read = await store.read({ signal });
  expect(read.map(({ backend, facts }) => [backend, facts.asked])).toEqual([
    ["b", 2],
    ["c", 1],
  ]);
  expect(store.isShared).toBe(false);
});

test("only what is new is told, in parts, and again where it could not be", async () => {
  const written: number[] = [];
  let isAway = true;
  const write = async (_: string, findings: readonly Finding[]) => {
    if (isAway) throw new TradewindError("database_unavailable", "away");
    written.push(findings.length);
  };
  const skipped: SkippedEvent[] = [];
  const stop = sideConcernSkipped.subscribe((event) => void skipped.push(event));
  const share = createSharing({ store: { write }, gateway: "g" });
  const findings = Array.from({ length: 450 }, (_, n) => finding(1, { backend: `b${n}` }));
  await share(findings);
  stop();
  expect(skipped).toMatchObject([{ what: "comparing answers", detail: "telling the other gateways" }]);
  isAway = false;
  await share(findings);
  expect(written).toEqual([200, 200, 50]);
  await share(findings);
  const [first = finding(1)] = findings;
  countAgreement(first.facts, 0.5);
  await share([...findings.slice(0, 2), finding(1, { backend: "b2", isBarred: true })]);
  expect(written).toEqual([200, 200, 50, 2]);
});
