/** What Node's `process` knows of memory. */
export type MemoryFacts = {
  readonly memoryUsage: { readonly rss: () => number };
  readonly constrainedMemory: () => number;
};

/** Bytes of the machine's memory that this process holds now. */
export function readRss({ memoryUsage }: Pick<MemoryFacts, "memoryUsage">): number {
  return memoryUsage.rss();
}

export type MemoryRoom = {
  /** What the container may use; 0, or more than there is, where nothing bounds it. */
  readonly constrainedBytes: number;
  /** What the machine has. */
  readonly totalBytes: number;
};

/** Bytes that this process may come to hold before the kernel ends it. */
export function memoryRoom({ constrainedBytes, totalBytes }: MemoryRoom): number {
  return constrainedBytes > 0 ? Math.min(constrainedBytes, totalBytes) : totalBytes;
}
