/** A signal that is aborted when the last of several callers has left. */
export type AllLeft = {
  readonly signal: AbortSignal;
  /** Stops listening. */
  readonly release: () => void;
};

export function allLeft(callers: readonly AbortSignal[]): AllLeft {
  const left = new AbortController();
  let present = callers.length;
  const leave = ({ target }: Pick<Event, "target">): void => {
    present -= 1;
    if (present === 0) left.abort((target as AbortSignal).reason);
  };
  for (const caller of callers) {
    if (caller.aborted) leave({ target: caller });
    else caller.addEventListener("abort", leave, { once: true });
  }
  return {
    signal: left.signal,
    release: () => {
      for (const caller of callers) caller.removeEventListener("abort", leave);
    },
  };
}
