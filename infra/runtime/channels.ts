import { channel } from "node:diagnostics_channel";
import type { ErrorCode } from "./errors.ts";

/** One finished request of the public door, whatever its outcome. */
export type RequestEvent = {
  readonly requestId: string;
  readonly route: string;
  readonly model: string | undefined;
  readonly keyId: string | undefined;
  readonly backend: string | undefined;
  readonly status: number;
  readonly code: ErrorCode | undefined;
  readonly ms: number;
  /** Set when the fault is ours, so that the log can say what the client must not see. */
  readonly error: Error | undefined;
};

/** Something a side concern could not do while the answer still went out. */
export type SkippedEvent = {
  /** One of a few names, since a metric is labelled by it. */
  readonly what: string;
  /** Which one of many it was. */
  readonly detail?: string;
  readonly error: unknown;
};

/** The breaker before the soft state turned: open means that calls are refused without being tried. */
export type SoftStateTurnedEvent = { readonly mode: "closed" | "open" | "half-open" };

export type Channel<Event> = {
  readonly publish: (event: Event) => void;
  /** Returns the way to stop listening. */
  readonly subscribe: (listener: (event: Event) => void) => () => void;
};

/** Events leave sideways through these: hot code publishes, and logs, metrics and audit listen if anybody started them. */
export const requestFinished = typed<RequestEvent>("tradewind:request:finished");
export const sideConcernSkipped = typed<SkippedEvent>("tradewind:side-concern:skipped");
export const softStateTurned = typed<SoftStateTurnedEvent>("tradewind:soft-state:turned");

/** A diagnostics channel of one kind of event. */
export function typed<Event>(name: string): Channel<Event> {
  const raw = channel(name);
  return {
    publish: (event) => {
      if (raw.hasSubscribers) raw.publish(event);
    },
    subscribe: (listener) => {
      const heard = (message: unknown): void => listener(message as Event);
      raw.subscribe(heard);
      return () => {
        raw.unsubscribe(heard);
      };
    },
  };
}
