/** Work that runs one after the other, in the order of its coming; what fails holds nobody up. */
export type InTurn = {
  <Result>(work: () => Promise<Result>): Promise<Result>;
  /** When all that has come so far is done. */
  readonly idle: () => Promise<unknown>;
};

/** Nothing begins any more once it is closed, and what waits then fails with the reason of that. */
export function createTurns(closed: AbortSignal): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  const turn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = last.then(() => {
      closed.throwIfAborted();
      return work();
    });
    last = mine.catch(() => undefined);
    return mine;
  };
  return Object.assign(turn, { idle: () => last });
}
