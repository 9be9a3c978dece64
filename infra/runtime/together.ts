/**
 * Runs tasks side by side under one signal. The first failure tells the others to give up, and it is thrown only when
 * all have come to rest, so that nothing is still being opened when the caller begins to close.
 */
export async function together<Results extends readonly unknown[]>(
  signal: AbortSignal,
  tasks: { readonly [Place in keyof Results]: (signal: AbortSignal) => Promise<Results[Place]> },
): Promise<Results> {
  const giveUp = new AbortController();
  const shared = AbortSignal.any([signal, giveUp.signal]);
  const failures: unknown[] = [];
  const running = tasks.map(async (task) => {
    try {
      return await task(shared);
    } catch (error) {
      failures.push(error);
      giveUp.abort(error);
      return undefined;
    }
  });
  const results = await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return results as unknown[] as [...Results];
}
