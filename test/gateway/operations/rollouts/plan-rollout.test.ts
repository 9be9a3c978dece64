import { expect, test } from "vitest";
import type { ProviderStatus, Revision } from "#adapters/control.ts";
import { afterFailure } from "#gateway/operations/rollouts/after-failure.ts";
import { lingerMs, type Next, planRollout, type Sight } from "#gateway/operations/rollouts/plan-rollout.ts";
import type { Rollout, RolloutState, RolloutStep } from "#gateway/operations/rollouts/rollout.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const now = 1_000_000;

function rollout(step: RolloutStep, state: Partial<RolloutState> = {}, more: Partial<Rollout> = {}): Rollout {
  const usual = { place: 0, share: 0, since: now - 10_000, waiting: "", back: "", history: [] };
  return {
    id: "r-1",
    wanted: {
      ...{ image: "i", images: {}, models: null, providers: ["near", "far"], shares: [0.1, 0.5] },
      ...{ patienceMs: 60_000, bakeMs: 5_000, readyMs: 30_000 },
    },
    state: { ...usual, revisions: { near: "near-2", far: "far-2" }, ...state, step },
    ...{
      wish: undefined,
      actor: "ann",
      note: "",
      createdAt: new Date(0),
      outcome: undefined,
      endedAt: undefined,
    },
    ...more,
  };
}

const revision = (more: Partial<Revision> = {}): Revision => ({
  ...{ name: "near-2", role: "candidate", image: "i", models: undefined, id: "r-1", share: 0, running: 1 },
  ...{ pending: 0, state: "ready", url: undefined, why: undefined },
  ...more,
});

const status = (revisions: readonly Revision[], more: Partial<ProviderStatus> = {}): ProviderStatus => ({
  ...{ desired: 1, running: 1, pending: 0, coldStarts: [], troubles: [], isSettled: true },
  revisions,
  ...more,
});

const sight = (more: Partial<Sight> = {}): Sight => ({
  ...{ now, frozen: undefined, thawedAt: undefined, isDeclared: true, status: status([revision()]) },
  promoteMs: 0,
  gate: { verdict: "inconclusive", why: "nobody came" },
  ...more,
});

/** A step in the words of a test. */
function told(next: Next): string {
  if (next.kind === "wait") return `wait: ${next.why}`;
  if (next.kind === "over") return "over";
  const { place, step, share } = next.kind === "do" ? next.then : next.move;
  return `${next.kind === "do" ? next.deed : "move"} -> ${place} ${step} ${share}`;
}

const plan = (of: Rollout, seen: Partial<Sight> = {}): string => told(planRollout(of, sight(seen)));

test.each([
  ["deploy", "deploy -> 0 stand 0"],
  ["share", "share -> 0 measure 0"],
  ["promote", "promote -> 0 verify 0"],
  ["retire", "retire -> 1 deploy 0"],
  ["withdraw", "withdraw -> 0 undo 0"],
  ["done", "over"],
  ["rolled back", "over"],
] as const)("at step %s what is done is the same every time", (step, words) => {
  expect(plan(rollout(step))).toBe(words);
  expect(plan(rollout(step))).toBe(words);
});

test("a candidate that stands gets its share, and one that fails or takes too long goes back", () => {
  expect(plan(rollout("stand"))).toBe("move -> 0 share 0");
  const starting = status([revision({ state: "starting", pending: 2, running: 0 })]);
  expect(plan(rollout("stand"), { status: starting })).toBe(
    "wait: waits for it to stand: 0 running, 2 pending",
  );
  const failed = status([revision({ state: "failed", why: "no such image" })]);
  expect(planRollout(rollout("stand"), sight({ status: failed }))).toMatchObject({
    move: { step: "withdraw", back: "it does not stand: no such image" },
  });
  const late = rollout("stand", { since: now - 31_000 });
  expect(plan(late, { status: starting })).toBe("move -> 0 withdraw 0");
  expect(plan(late, { status: undefined })).toBe("move -> 0 withdraw 0");
});

test("a candidate is found by the rollout's name where its platform gave it another one", () => {
  const other = status([revision({ name: "slot-candidate" })]);
  expect(plan(rollout("stand", { revisions: {} }), { status: other })).toBe("move -> 0 share 0");
  expect(plan(rollout("stand"), { status: status([revision({ name: "x", id: "r-9" })]) })).toMatch(
    /its platform does not show it/,
  );
});

test("a step passes when it has baked and the gate is open, share by share, and then it is promoted", () => {
  const pass = { gate: { verdict: "pass", why: "all is well" } } as const;
  expect(plan(rollout("measure", { since: now - 4_000 }), pass)).toMatch(/^wait: bakes/);
  expect(plan(rollout("measure"), pass)).toBe("move -> 0 share 1");
  expect(plan(rollout("measure", { share: 1 }), pass)).toBe("move -> 0 promote 1");
});

test("what is inconclusive waits as long as patience lasts, and never passes", () => {
  expect(plan(rollout("measure", { since: now - 59_000 }))).toBe("wait: inconclusive so far: nobody came");
  expect(planRollout(rollout("measure", { since: now - 61_000 }), sight())).toMatchObject({
    move: { step: "withdraw", back: "inconclusive: nobody came" },
  });
});

test("a gate that fails, a share that somebody took away and a candidate that falls take it back at once", () => {
  const fresh = rollout("measure", { since: now });
  expect(plan(fresh, { gate: { verdict: "fail", why: "worse" } })).toBe("move -> 0 withdraw 0");
  expect(plan(fresh, { gate: { verdict: "away", why: "gone" } })).toBe("move -> 0 withdraw 0");
  const fallen = { status: status([revision({ state: "failed" })]) };
  expect(plan(fresh, { ...fallen, gate: { verdict: "pass", why: "" } })).toBe("move -> 0 withdraw 0");
});

test("a promotion is verified by what the platform says, and a failed one goes back", () => {
  const stable = status([revision({ role: "stable" })]);
  expect(plan(rollout("verify"), { status: stable })).toBe("move -> 0 retire 0");
  expect(plan(rollout("verify"), { status: { ...stable, isSettled: false } })).toMatch(/^wait/);
  expect(plan(rollout("verify"))).toMatch(/^wait/);
  expect(plan(rollout("verify", { since: now - 31_000 }))).toBe("move -> 0 withdraw 0");
  const failed = status([revision({ role: "stable", state: "failed" })]);
  expect(plan(rollout("verify"), { status: failed })).toBe("move -> 0 withdraw 0");
});

test("a promotion may take as long as the platform's own steps do, and then as long as any", () => {
  const shifting = {
    status: status([revision({ role: "stable" })], { isSettled: false }),
    promoteMs: 600_000,
  };
  expect(plan(rollout("verify", { since: now - 629_000 }), shifting)).toMatch(/^wait/);
  expect(plan(rollout("verify", { since: now - 631_000 }), shifting)).toBe("move -> 0 withdraw 0");
  const beside = { status: status([revision({ state: "starting" })]), promoteMs: 600_000 };
  expect(plan(rollout("stand", { since: now - 31_000 }), beside)).toBe("move -> 0 withdraw 0");
});

test("on the way back requests under way may end first, and who was promoted before goes back too", () => {
  const back = { place: 1, back: "worse" };
  expect(plan(rollout("undo", { ...back, since: now - lingerMs + 1 }))).toMatch(/^wait/);
  expect(plan(rollout("undo", back))).toBe("undo -> 1 settle 0");
  expect(plan(rollout("settle", back), { status: status([]) })).toBe("move -> 0 undo 0");
  expect(plan(rollout("settle", { back: "worse" }), { status: status([]) })).toBe("move -> 0 rolled back 0");
  const stillThere = rollout("settle", { back: "worse" });
  expect(plan(stillThere)).toBe("wait: waits for the platform to settle");
  expect(plan(rollout("settle", { back: "worse", since: now - 31_000 }))).toBe("move -> 0 rolled back 0");
});

test("nothing new is done in a frozen place, its patience stands still, and the way back is free", () => {
  const frozen = { frozen: "near is frozen by ann: the sale" };
  for (const step of ["deploy", "share", "promote", "stand"] as const)
    expect(plan(rollout(step), frozen)).toBe("wait: near is frozen by ann: the sale");
  const old = rollout("measure", { since: 0 });
  expect(plan(old, { ...frozen, gate: { verdict: "pass", why: "" } })).toMatch(/^wait: near is frozen/);
  expect(plan(old, { thawedAt: now - 1_000 })).toMatch(/^wait: inconclusive so far/);
  expect(plan(old, { ...frozen, gate: { verdict: "fail", why: "worse" } })).toBe("move -> 0 withdraw 0");
  for (const step of ["withdraw", "undo"] as const)
    expect(plan(rollout(step, { back: "worse" }), frozen)).toMatch(/^(withdraw|undo) ->/);
});

test("an operator may send it back from every step forward, and promote without the gate", () => {
  const back = { wish: { kind: "rollback", by: "ann" } } as const;
  for (const step of ["deploy", "stand", "share", "measure", "promote", "verify", "retire"] as const)
    expect(plan(rollout(step, {}, back))).toBe("move -> 0 withdraw 0");
  expect(plan(rollout("undo", { back: "ann wants it" }, back))).toBe("undo -> 0 settle 0");
  const promote = { wish: { kind: "promote", by: "ann" } } as const;
  for (const step of ["stand", "measure"] as const)
    expect(planRollout(rollout(step, {}, promote), sight())).toMatchObject({
      move: { step: "promote", fulfils: "promote" },
    });
  expect(plan(rollout("stand", {}, promote), { status: status([]) })).toMatch(/^wait/);
});

test("a provider that left the configuration takes the rollout back, and is passed by on the way", () => {
  expect(plan(rollout("measure", { place: 1 }), { isDeclared: false })).toBe("move -> 1 withdraw 0");
  expect(plan(rollout("undo", { place: 1, back: "gone" }), { isDeclared: false })).toBe("move -> 0 undo 0");
});

const failure = (code: "provider_throttled" | "provider_forbidden") => new TradewindError(code, "it said no");

test("a deed that fails is tried again where that may help, for as long as a candidate may take to stand", () => {
  const after = (of: Rollout, code: Parameters<typeof failure>[0]) =>
    told(afterFailure(of, failure(code), sight()));
  expect(after(rollout("deploy"), "provider_throttled")).toBe(
    "wait: tries again: provider_throttled: it said no",
  );
  expect(after(rollout("deploy", { since: 0 }), "provider_throttled")).toBe("move -> 0 withdraw 0");
  expect(after(rollout("promote"), "provider_forbidden")).toBe("move -> 0 withdraw 0");
});

test("a way back that fails is tried again whatever the reason, and left in the end only where it can hold up others", () => {
  const after = (of: Rollout) => told(afterFailure(of, failure("provider_forbidden"), sight()));
  expect(after(rollout("withdraw", { back: "worse", since: 0 }))).toMatch(/^wait/);
  expect(after(rollout("retire", { since: 0 }))).toMatch(/^wait/);
  expect(after(rollout("undo", { back: "worse", place: 1 }))).toMatch(/^wait/);
  expect(after(rollout("undo", { back: "worse", place: 1, since: 0 }))).toBe("move -> 0 undo 0");
});
