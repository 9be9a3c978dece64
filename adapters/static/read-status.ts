import { asTradewindError } from "#infra/runtime/errors.ts";
import type { ProviderStatus, Revision, Trouble } from "../control.ts";
import type { Endpoint } from "../provider.ts";
import type { Settings } from "./settings.ts";

/** So many are asked at once. */
const together = 32;

/** Asks each of them whether it is ready; nobody else knows of them. */
export async function readStatus(
  endpoints: readonly Endpoint[],
  wire: Settings["wire"],
  signal: AbortSignal,
): Promise<ProviderStatus> {
  const troubles: Trouble[] = [];
  for (let from = 0; from < endpoints.length; from += together) {
    const asked = endpoints.slice(from, from + together).map((one) => troubleOf(one, wire, signal));
    troubles.push(...(await Promise.all(asked)).flatMap((trouble) => trouble ?? []));
  }
  signal.throwIfAborted();
  const desired = endpoints.length;
  const running = desired - troubles.length;
  return {
    ...{ desired, running, pending: 0 },
    revisions: desired === 0 ? [] : [revisionOf(running)],
    coldStarts: [],
    troubles,
    isSettled: true,
  };
}

async function troubleOf(
  { url, name, client }: Endpoint,
  wire: Settings["wire"],
  signal: AbortSignal,
): Promise<Trouble | undefined> {
  const trouble = (message: string): Trouble => ({
    kind: "health",
    name: name ?? url,
    message,
    at: undefined,
  });
  try {
    if (wire === "rest") {
      await client.describe("health", { signal });
      return undefined;
    }
    const question = { method: "GET", path: "/v2/health/ready", headers: {}, body: undefined } as const;
    const { status } = await client.pass({ ...question, signal, maxBytes: 65_536, isQuestion: true });
    return status === 200 ? undefined : trouble(`says that it is not ready: status ${status}`);
  } catch (error) {
    return trouble(asTradewindError(error).message);
  }
}

/** What runs there is nobody's revision, so it is called what it is: what stands there. */
function revisionOf(running: number): Revision {
  return {
    name: "standing",
    role: "stable",
    ...{ image: undefined, models: undefined, id: undefined, url: undefined },
    share: 1,
    running,
    pending: 0,
    state: running > 0 ? "ready" : "failed",
    why: running > 0 ? undefined : "none of its servers is ready",
  };
}
