import type { Try, TryFailure } from "../../dispatch/try.ts";
import type { Happening } from "./event-queue.ts";

/** Where a journey leads. */
export type Destination = { readonly arrived: (journey: Journey, now: number) => void };

/** Who works on it there. */
export type Shelter = {
  readonly served: (journey: Journey, now: number) => void;
  /** Gives it up where it was not begun, or may be stopped. */
  readonly leave: (journey: Journey, now: number) => void;
};

/** Who sent it and hears how it ended. */
export type Home = { readonly came: (journey: Journey, now: number) => void };

export type JourneyOptions = {
  readonly to: Destination;
  readonly home: Home;
  /** What it carries out; a request that only wakes has none. */
  readonly made: Try | undefined;
  readonly bytes: number;
};

/**
 * One request on its way to one backend and back. It is in one of these states:
 *
 *   GOING      its bytes are on the way
 *   WAITING    it is there, and nobody has begun with it
 *   WORKED ON  it has its time at an instance
 *   RETURNING  its answer or failure is on the way
 *   OVER       told, or nobody was there any more to be told
 */
export class Journey implements Happening {
  place = -1;
  state: "going" | "waiting" | "worked on" | "returning" | "over" = "going";
  /** Its number among those that are there. */
  seat = -1;
  shelter: Shelter | undefined;
  failure: TryFailure | undefined;
  isAbandoned = false;
  readonly made: Try | undefined;
  readonly bytes: number;
  readonly #to: Destination;
  readonly #home: Home;

  constructor({ to, home, made, bytes }: JourneyOptions) {
    this.#to = to;
    this.#home = home;
    this.made = made;
    this.bytes = bytes;
  }

  /** Its next moment has come, whichever that is. */
  happen(now: number): void {
    if (this.state === "going") this.#to.arrived(this, now);
    else if (this.state === "worked on") this.shelter?.served(this, now);
    else if (this.state === "returning") {
      this.state = "over";
      this.#home.came(this, now);
    }
  }
}
