/** The value below which that share of them lies; undefined of none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const ordered = values.toSorted((one, other) => one - other);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))];
}
