import type { Tensors } from "#inference/contract.ts";
import type { Placement, RunOutcome } from "./messages.ts";

export type SessionAnswer = {
  /** One for each run of the batch. */
  readonly answers: readonly RunOutcome[];
  /** The memory of the inputs, free to be used again. */
  readonly spent: readonly Tensors[];
  readonly inferenceMs: number;
};

/** One loaded model that computes what one message brings it: its owner waits for an answer before asking again. */
export type Session = {
  readonly placement: Placement;
  /** Moves the tensors' memory away; the caller's are empty afterwards. */
  readonly run: (runs: readonly Tensors[], options: { readonly joined: boolean }) => Promise<SessionAnswer>;
  /** Settles when the session is gone, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** To be called only while no run is under way. */
  readonly close: () => Promise<void>;
  /** Ends it also inside a run; undefined where that would take the whole process with it. */
  readonly kill: (() => void) | undefined;
};
