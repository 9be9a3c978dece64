import type { Chance } from "#infra/runtime/chance.ts";
import type { Choose } from "../dispatch/choose.ts";
import type { Pool } from "../dispatch/pool.ts";
import type { Try } from "../dispatch/try.ts";
import type { IsWorthIt } from "../dispatch/worth-a-copy.ts";

/** A way to choose backends, with what it wants to know of each try; ours learns inside the pursuit and needs none of it. */
export type Policy = {
  readonly choose: Choose;
  /** Whether slow requests are sent twice at all. */
  readonly hedges: boolean;
  readonly isWorthIt?: IsWorthIt;
  /** Whether it wakes in the background. */
  readonly wakes: boolean;
  /** Whether who rests is asked if it is ready, and rests no longer where it is. */
  readonly asksReady?: boolean;
  readonly sent?: (made: Try, now: number) => void;
  readonly ended?: (made: Try, now: number) => void;
};

/** Policies with a state of their own begin each run anew. */
export type OpenPolicy = (pool: Pool, chance: Chance) => Policy;
