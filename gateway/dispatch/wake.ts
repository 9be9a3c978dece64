import type { Backend } from "../fleet/snapshot.ts";

/** Longer than any instance needs to start. */
const longestMs = 600_000;

/** A question is enough to make a cloud start an instance, and its answer says that one stands. */
export async function wake({ client }: Backend, model: string): Promise<void> {
  await client.describe(model, { signal: AbortSignal.timeout(longestMs) });
}
