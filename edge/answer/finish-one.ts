/**
 * Looks that nobody waits for any more. One at a time goes on to its end, so that whoever watches the model still sees it
 * work where the cloud is always first; the others are given up, since a slow device would fall ever further behind.
 */
export type Unwanted = {
  /** Whether it may go on; `hold` is let go when it has ended. */
  readonly mayFinish: (look: Promise<unknown>, hold: Disposable) => boolean;
};

export function createUnwanted(): Unwanted {
  let isBusy = false;
  const finish = async (look: Promise<unknown>, hold: Disposable): Promise<void> => {
    isBusy = true;
    using _ = hold;
    await look.catch(() => {});
    isBusy = false;
  };
  return {
    mayFinish: (look, hold) => {
      const may = !isBusy;
      if (may) void finish(look, hold);
      else hold[Symbol.dispose]();
      return may;
    },
  };
}
