/** An answer as it is kept: the JSON text that was sent, and what its headers said. Never anything of the image. */
export type CachedAnswer = FinishedAnswer & {
  /** Milliseconds since 1970, as the other times here. */
  readonly storedAt: number;
  readonly freshUntil: number;
  /** Until then it may be shown while a newer one is made. */
  readonly staleUntil: number;
};

/** An answer before it is known how long it is kept. */
export type FinishedAnswer = {
  /** The members of the answer's JSON object that belong to the image, as text. */
  readonly core: string;
  readonly model: string;
  readonly version: string;
  /** Of the artefact that answered, which a class of equivalent ones leaves open. */
  readonly precision: string;
  readonly backend: string;
};

export type Freshness = "fresh" | "stale" | "gone";

export function freshness({ freshUntil, staleUntil }: CachedAnswer, now: number): Freshness {
  if (now < freshUntil) return "fresh";
  return now < staleUntil ? "stale" : "gone";
}
