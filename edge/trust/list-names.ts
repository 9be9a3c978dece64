/** The four lists that every repository has; a family may not be named like one. */
export const topLists = ["root", "timestamp", "snapshot", "targets"] as const;

export type TopList = (typeof topLists)[number];

/**
 * How long a list may be that nothing signed has told the length of. Whatever is longer is not read to its end: a root
 * with five keys has 4 kB, a family of a thousand files half a megabyte.
 */
export const mostListBytes: Readonly<Record<TopList, number>> = {
  root: 131_072,
  timestamp: 16_384,
  snapshot: 1_048_576,
  targets: 5_000_000,
};

export function isTopList(role: string): role is TopList {
  return topLists.some((name) => name === role);
}

/** Of a family's list as of the targets list that delegates to it. */
export function mostBytesOf(role: string): number {
  return isTopList(role) ? mostListBytes[role] : mostListBytes.targets;
}

/** A role's name is anything that was signed, so it is quoted wherever it becomes a part of a path. */
export function fileNameOf(role: string): string {
  return `${encodeURIComponent(role)}.json`;
}

export function roleOfFile(name: string): string | undefined {
  if (!name.endsWith(".json")) return undefined;
  try {
    return decodeURIComponent(name.slice(0, -".json".length));
  } catch {
    return undefined;
  }
}
