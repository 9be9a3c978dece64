import type { ProviderStatus, Revision } from "#adapters/control.ts";
import { percent } from "../../trials/splice-route.ts";
import { providerInHand, type Rollout, type RolloutState, type RolloutStep } from "./rollout.ts";

/** What is seen of the provider in hand. */
export type Sight = {
  readonly now: number;
  /** Why nothing may be changed there, in words. */
  readonly frozen: string | undefined;
  /** When that last ended. */
  readonly thawedAt: number | undefined;
  /** Undefined where it could not be read. */
  readonly status: ProviderStatus | undefined;
  /** How long a promotion takes there by what its settings say. */
  readonly promoteMs: number;
  /** Whether the configuration still declares it. */
  readonly isDeclared: boolean;
  /** What was measured of the candidate, all models of its routes together. */
  readonly gate: Gate;
};

export type Gate = {
  /** `away`: the configuration gives the candidate another share than this rollout gave it. */
  readonly verdict: "pass" | "fail" | "inconclusive" | "away";
  readonly why: string;
};

export type DeedName = "deploy" | "share" | "promote" | "retire" | "withdraw" | "undo";

/** What comes next: to do something and then to move on, to move on, or to look again later. */
export type Next =
  | { readonly kind: "do"; readonly deed: DeedName; readonly then: Move }
  | MoveNow
  | { readonly kind: "wait"; readonly why: string }
  | { readonly kind: "over" };

type MoveNow = { readonly kind: "move"; readonly move: Move };

export type Move = Pick<RolloutState, "place" | "step" | "share" | "back"> & {
  readonly why: string;
  /** The operator's wish that is fulfilled by it. */
  readonly fulfils?: "promote";
};

/** Requests that are under way at a candidate may come to their end before it is taken away. */
export const lingerMs = 2_000;

export function planRollout(rollout: Rollout, sight: Sight): Next {
  const { state, wish } = rollout;
  if (state.step === "done" || state.step === "rolled back") return { kind: "over" };
  if (wish?.kind === "rollback" && state.back === "") return goBack(rollout, `${wish.by} wants it`);
  const isForward = state.back === "";
  if (isForward && !sight.isDeclared)
    return goBack(rollout, `${providerInHand(rollout)} is no longer declared in the configuration`);
  return plans[state.step](rollout, sight);
}

/** Takes the candidate out of the configuration before anything else, since that is what ends harm. */
export function goBack({ state }: Pick<Rollout, "state">, why: string): MoveNow {
  const { place, share } = state;
  return { kind: "move", move: { place, share, step: "withdraw", back: why, why } };
}

type Plan = (rollout: Rollout, sight: Sight) => Next;

const plans: Readonly<Record<Exclude<RolloutStep, "done" | "rolled back">, Plan>> = {
  deploy: (rollout, { frozen }) =>
    unlessFrozen(frozen, act("deploy", on(rollout, "stand", "it was deployed"))),
  stand: planStand,
  share: (rollout, { frozen }) =>
    unlessFrozen(frozen, act("share", on(rollout, "measure", `it gets ${percent(shareOf(rollout))}`))),
  measure: planMeasure,
  promote: (rollout, { frozen }) =>
    unlessFrozen(frozen, act("promote", on(rollout, "verify", "it was promoted"))),
  verify: planVerify,
  retire: (rollout) => act("retire", afterProvider(rollout)),
  withdraw: (rollout) => act("withdraw", on(rollout, "undo", rollout.state.back)),
  undo: planUndo,
  settle: planSettle,
};

function planStand(rollout: Rollout, sight: Sight): Next {
  const { status, frozen } = sight;
  const revision = findRevision(rollout, status);
  if (revision?.state === "failed") return goBack(rollout, `it does not stand: ${whyOf(revision, status)}`);
  if (isLate(rollout, sight, rollout.wanted.readyMs))
    return goBack(rollout, `it does not stand in time: ${whyOf(revision, status)}`);
  if (revision?.state !== "ready") return wait(`waits for it to stand: ${whyOf(revision, status)}`);
  if (frozen !== undefined) return wait(frozen);
  return rollout.wish?.kind === "promote" ? promoteByWish(rollout) : move(on(rollout, "share", "it stands"));
}

function planMeasure(rollout: Rollout, sight: Sight): Next {
  const { gate, status, frozen, now } = sight;
  const { state, wanted, wish } = rollout;
  const revision = findRevision(rollout, status);
  if (revision?.state === "failed") return goBack(rollout, `it stands no more: ${whyOf(revision, status)}`);
  if (gate.verdict === "fail" || gate.verdict === "away") return goBack(rollout, gate.why);
  if (frozen !== undefined) return wait(frozen);
  if (wish?.kind === "promote") return promoteByWish(rollout);
  if (gate.verdict === "pass") {
    if (now - state.since < wanted.bakeMs) return wait(`bakes, so far well: ${gate.why}`);
    const isLast = state.share >= wanted.shares.length - 1;
    if (isLast) return move(on(rollout, "promote", gate.why));
    return move({ ...on(rollout, "share", gate.why), share: state.share + 1 });
  }
  if (isLate(rollout, sight, wanted.patienceMs)) return goBack(rollout, `inconclusive: ${gate.why}`);
  return wait(`inconclusive so far: ${gate.why}`);
}

function planVerify(rollout: Rollout, sight: Sight): Next {
  const { status, promoteMs } = sight;
  const revision = findRevision(rollout, status);
  if (revision?.state === "failed")
    return goBack(rollout, `it failed when it was promoted: ${whyOf(revision, status)}`);
  if (revision?.role === "stable" && status?.isSettled)
    return move(on(rollout, "retire", "the platform settled on it"));
  if (isLate(rollout, sight, rollout.wanted.readyMs + promoteMs))
    return goBack(rollout, "the platform did not settle on it in time");
  return wait("waits for the platform to settle on it");
}

function planUndo(rollout: Rollout, { now, isDeclared }: Sight): Next {
  const { since } = rollout.state;
  if (!isDeclared) return move(onwards(rollout, "it is no longer declared, so it is left as it is"));
  if (now - since < lingerMs) return wait("waits for requests that are under way");
  return act("undo", on(rollout, "settle", "it was taken back"));
}

/** One that does not come to rest must not keep the others from going back. */
function planSettle(rollout: Rollout, sight: Sight): Next {
  const { status, isDeclared } = sight;
  const revision = findRevision(rollout, status);
  const isGone = revision === undefined || revision.role === "previous";
  if (!isDeclared || (status?.isSettled && isGone)) return move(onwards(rollout, "the platform settled"));
  if (isLate(rollout, sight, rollout.wanted.readyMs))
    return move(onwards(rollout, "the platform did not settle in time"));
  return wait("waits for the platform to settle");
}

/** Whoever is next, or nobody. */
function afterProvider(rollout: Rollout): Move {
  const { place } = rollout.state;
  const isLast = place >= rollout.wanted.providers.length - 1;
  if (isLast) return on(rollout, "done", "it answers everywhere");
  // Whoever wanted a promotion when it was being made already meant this one, and not the next.
  const passed = { back: "", why: "the one before has it", fulfils: "promote" } as const;
  return { ...passed, place: place + 1, share: 0, step: "deploy" };
}

/** On the way back: those that were promoted before go back too, so that all clouds answer alike. */
export function onwards(rollout: Rollout, why: string): Move {
  const { place, back } = rollout.state;
  if (place === 0) return on(rollout, "rolled back", back);
  return { ...on(rollout, "undo", why), place: place - 1 };
}

function promoteByWish(rollout: Rollout): Next {
  const why = `${rollout.wish?.by ?? "somebody"} wants it, whatever was measured`;
  return move({ ...on(rollout, "promote", why), fulfils: "promote" });
}

function findRevision(
  { id, state, wanted }: Rollout,
  status: ProviderStatus | undefined,
): Revision | undefined {
  const name = state.revisions[providerInHand({ state, wanted })];
  const { revisions = [] } = status ?? {};
  return revisions.find((one) => one.name === name) ?? revisions.find((one) => one.id === id);
}

function whyOf(revision: Revision | undefined, status: ProviderStatus | undefined): string {
  if (!status) return "its platform cannot be read";
  if (revision?.why !== undefined) return revision.why;
  const trouble = status.troubles.at(-1);
  if (trouble) return trouble.message;
  return revision
    ? `${revision.running} running, ${revision.pending} pending`
    : "its platform does not show it";
}

/** Time in which nothing could be done does not count. */
export function isLate({ state }: Rollout, { now, thawedAt, frozen }: Sight, mostMs: number): boolean {
  return frozen === undefined && now - Math.max(state.since, thawedAt ?? 0) > mostMs;
}

export function shareOf({ wanted, state }: Pick<Rollout, "wanted" | "state">): number {
  return wanted.shares[Math.min(state.share, wanted.shares.length - 1)] ?? 0;
}

function on({ state }: Rollout, step: RolloutStep, why: string): Move {
  return { place: state.place, share: state.share, back: state.back, step, why };
}

function move(to: Move): Next {
  return { kind: "move", move: to };
}

function act(deed: DeedName, then: Move): Next {
  return { kind: "do", deed, then };
}

function wait(why: string): Next {
  return { kind: "wait", why };
}

function unlessFrozen(frozen: string | undefined, next: Next): Next {
  return frozen === undefined ? next : wait(frozen);
}
