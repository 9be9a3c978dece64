/** How a programmable backend behaves; everything can change while it runs. */
export type Behaviour = {
  readonly latency: Latency;
  /** Every time is multiplied by it. */
  readonly slowness: number;
  /** So much is added to every answer in the first while of the process. */
  readonly slowStart: { readonly forMs: number; readonly extraMs: number } | null;
  /** A share of the images is refused at once, whatever the latency is. */
  readonly refuses: (Refusal & { readonly share: number }) | null;
  /** Beyond so many images at once it is full. */
  readonly capacity: { readonly most: number; readonly retryAfterS?: number } | null;
  readonly connections: Connections;
  readonly answers: Answers;
  /** Of all images, so many are answered as `answers` says, the others whole. */
  readonly answersShare: number;
  /** From one byte to the next, where answers drip. */
  readonly dripMs: number;
  /** Whether questions about models are answered as images are; if not, they are answered well. */
  readonly questionsToo: boolean;
};

export type Refusal = {
  readonly status: 429 | 500 | 502 | 503;
  readonly retryAfterS?: number;
};

export type Latency =
  | { readonly law: "constant"; readonly ms: number }
  | { readonly law: "lognormal"; readonly medianMs: number; readonly sigma: number }
  /** For each image that is there, this one included, a little longer. */
  | { readonly law: "linear"; readonly baseMs: number; readonly perInFlightMs: number }
  /** So many at a time, the others wait in the order in which they came. */
  | { readonly law: "queue"; readonly workers: number; readonly serviceMs: number; readonly sigma: number };

/**
 * What happens below HTTP:
 *
 *   taken    connections are taken and read
 *   refused  nobody listens, and who was connected is reset
 *   reset    a connection is taken and reset at once
 *   unread   a connection is taken by the kernel, and no byte of it is read any more
 */
export type Connections = "taken" | "refused" | "reset" | "unread";

/**
 * What an image is answered with:
 *
 *   whole      the right answer
 *   never      nothing, on a connection that stays open
 *   reset      a reset instead of an answer
 *   cut        a reset in the middle of the body
 *   stalled    half of the body, then nothing
 *   drip       one byte at a time
 *   garbage    something that is no JSON
 *   wrong      boxes, scores and classes that cannot be
 *   shifted    boxes as they can be, but elsewhere
 *   enormous   more bytes than anybody takes
 */
export type Answers =
  | "whole"
  | "never"
  | "reset"
  | "cut"
  | "stalled"
  | "drip"
  | "garbage"
  | "wrong"
  | "shifted"
  | "enormous";

export const wellBehaved: Behaviour = {
  latency: { law: "lognormal", medianMs: 20, sigma: 0.2 },
  slowness: 1,
  slowStart: null,
  refuses: null,
  capacity: null,
  connections: "taken",
  answers: "whole",
  answersShare: 1,
  dripMs: 50,
  questionsToo: false,
};

/** What is left out is as in `wellBehaved`, not as it was before. */
export function readBehaviour(text: string): Behaviour {
  const changes: unknown = JSON.parse(text);
  if (typeof changes !== "object" || changes === null) throw new Error("expected an object");
  const unknown = Object.keys(changes).filter((key) => !Object.hasOwn(wellBehaved, key));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(", ")}`);
  return { ...wellBehaved, ...changes };
}
