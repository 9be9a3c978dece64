import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";

/** Where copies of images wait until the answers that they belong to have gone out, and while somebody looks at them. */
export type WaitingRoom = {
  /** Larger images than this are not kept. */
  readonly mostBytes: number;
  /** False where there is no room; else the work is called in a moment, and tells when it is through with the image. */
  readonly enter: (bytes: number, work: (leave: () => void) => void) => boolean;
};

/** Of all routes together. */
const most = { most: 32, mostBytes: 64 * 1_048_576 };

const mostBytes = 8 * 1_048_576;

export function createWaitingRoom(signal: AbortSignal): WaitingRoom {
  const held = createInFlight(most);
  return {
    mostBytes,
    enter: (bytes, work) => {
      if (signal.aborted || held.count() >= most.most || held.bytes() + bytes > most.mostBytes) return false;
      const place = held.enter(bytes);
      const leave = (): void => place[Symbol.dispose]();
      setImmediate(() => {
        try {
          if (signal.aborted) leave();
          else work(leave);
        } catch (error) {
          leave();
          sideConcernSkipped.publish({ what: "comparing answers", error });
        }
      });
      return true;
    },
  };
}
