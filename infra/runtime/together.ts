type Task<Result> = (signal: AbortSignal) => Promise<Result>;

/**
 * Runs two tasks side by side under one signal. The first failure tells the other to give up, and it is thrown only
 * when both have come to rest, so that nothing is still being opened when the caller begins to close.
 */
export async function together<First, Second>(
  signal: AbortSignal,
  first: Task<First>,
  second: Task<Second>,
): Promise<[First, Second]> {
  const giveUp = new AbortController();
  const shared = AbortSignal.any([signal, giveUp.signal]);
  const run = async <Result>(task: Task<Result>): Promise<Result> => {
    try {
      return await task(shared);
    } catch (error) {
      giveUp.abort(error);
      throw error;
    }
  };
  const both = [run(first), run(second)] as const;
  await Promise.allSettled(both);
  giveUp.signal.throwIfAborted();
  return await Promise.all(both);
}
