import { judgeRing } from "./judge-ring.ts";
import { type EdgeRollout, isActive } from "./rollout.ts";

export type Step = {
  readonly what: "advance" | "finish" | "halt";
  /** From 0, of the ring that was judged. */
  readonly ring: number;
  readonly why: string;
};

/**
 * Takes a rollout as far as its counts let it go at this moment: into the next ring, through rings that nobody is in, to
 * its end, or to a stop. One that is paused can only stop.
 */
export function advance(
  rollout: EdgeRollout,
  now: number,
): { readonly rollout: EdgeRollout; readonly steps: readonly Step[] } {
  const steps: Step[] = [];
  let current = rollout;
  while (isActive(current)) {
    const { ring } = current.progress;
    const { verdict, why, enoughSince } = judgeRing({ ...current, now });
    const isHeld = verdict === "wait" || (verdict === "next" && current.state === "paused");
    if (isHeld) return { rollout: hold(current, { why, enoughSince }), steps };
    steps.push({ what: stepOf(current, verdict), ring, why });
    current = move(current, { verdict, why, now });
  }
  return { rollout: current, steps };
}

function hold(
  rollout: EdgeRollout,
  { why, enoughSince }: { readonly why: string; readonly enoughSince: number | null },
): EdgeRollout {
  const progress = { ...rollout.progress, enoughSince };
  return { ...rollout, progress, why: rollout.state === "paused" ? rollout.why : why };
}

type Moving = { readonly verdict: "wait" | "next" | "stop"; readonly why: string; readonly now: number };

function move(rollout: EdgeRollout, { verdict, why, now }: Moving): EdgeRollout {
  if (verdict === "stop") return { ...rollout, state: "stopped", why };
  const ring = rollout.progress.ring + 1;
  if (ring >= rollout.rings.length) return { ...rollout, state: "done", why };
  const progress = { ...rollout.progress, ring, since: now, enoughSince: null };
  return { ...rollout, progress, why };
}

function stepOf({ progress, rings }: EdgeRollout, verdict: Moving["verdict"]): Step["what"] {
  if (verdict === "stop") return "halt";
  return progress.ring + 1 >= rings.length ? "finish" : "advance";
}
