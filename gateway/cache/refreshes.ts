/** Which stale answers are being made anew by this process. */
export type Refreshes = {
  readonly begin: (name: string) => Disposable | undefined;
};

/** At most one a name, and at most so many together, since nobody waits for them. */
export function createRefreshes(most: number): Refreshes {
  const underWay = new Set<string>();
  const begin = (name: string): Disposable | undefined => {
    if (underWay.has(name) || underWay.size >= most) return undefined;
    underWay.add(name);
    let over = false;
    const end = (): void => {
      // A second end must not end the refresh that came after.
      if (!over) underWay.delete(name);
      over = true;
    };
    return { [Symbol.dispose]: end };
  };
  return { begin };
}
