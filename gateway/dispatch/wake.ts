import { wakeBackend } from "#adapters/wake-backend.ts";
import type { Backend } from "../fleet/snapshot.ts";

/** Longer than any instance needs to start. */
const longestMs = 600_000;

/** Questions are enough to make a cloud start instances, and their answers say that these stand. */
export async function wake({ url, client }: Backend, model: string, requests: number): Promise<void> {
  const address = client.address ?? { url };
  await wakeBackend({ ...address, model, requests, signal: AbortSignal.timeout(longestMs) });
}
