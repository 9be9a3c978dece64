import { channel } from "node:diagnostics_channel";
import type { Channel } from "#infra/runtime/channels.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";

/** A request that failed through no fault of its caller. */
export type InferenceFailedEvent = {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly route: string;
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly ms: number;
  readonly error: TradewindError;
};

const raw = channel("tradewind:inference:failed");

/** Requests publish here, and the log listens if anybody started it. */
export const inferenceFailed: Channel<InferenceFailedEvent> = {
  publish: (event) => {
    if (raw.hasSubscribers) raw.publish(event);
  },
  subscribe: (listener) => {
    const heard = (message: unknown): void => listener(message as InferenceFailedEvent);
    raw.subscribe(heard);
    return () => {
      raw.unsubscribe(heard);
    };
  },
};
