import { sideConcernSkipped } from "../channels.ts";
import type { Listener } from "./soft-state.ts";

/** One subscription: an object of its own, so that the same function may listen twice and leave once. */
export type Heard = { readonly hear: Listener };

/** One listener's failure is not the others', nor the publisher's. */
export function tell(listeners: Iterable<Heard> | undefined, message: string): void {
  for (const { hear } of listeners ?? []) {
    try {
      hear(message);
    } catch (error) {
      sideConcernSkipped.publish({ what: "soft-state-listener", error });
    }
  }
}
