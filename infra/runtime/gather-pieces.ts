/** The pieces of a body on their way to becoming one. */
export type Gathering = {
  readonly add: (piece: Uint8Array) => void;
  /** How many pieces are held for themselves. */
  readonly pieces: () => number;
  /** All that was added; nothing is held after that. */
  readonly whole: () => Buffer;
};

/**
 * Pieces that are put together at the end are there twice for a moment, so a large body whose length is known is
 * written into its place as it arrives; not before some of it is here, since anybody can announce a length.
 */
export function gatherPieces(length: number): Gathering {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let place: Buffer | undefined;
  let filled = 0;
  const fill = (into: Buffer, piece: Uint8Array): void => {
    into.set(piece, filled);
    filled += piece.byteLength;
  };
  const settle = (): void => {
    place = Buffer.allocUnsafe(length);
    for (const piece of pieces) fill(place, piece);
    pieces = [];
  };
  const add = (piece: Uint8Array): void => {
    bytes += piece.byteLength;
    if (place && bytes <= length) fill(place, piece);
    else pieces.push(piece);
    if (!place && length > large && bytes >= large && bytes < length) settle();
  };
  const whole = (): Buffer => {
    const held = place ? [place.subarray(0, filled), ...pieces] : pieces;
    const [only] = held;
    pieces = [];
    place = undefined;
    // A body in one piece is not copied.
    return held.length === 1 && Buffer.isBuffer(only) ? only : Buffer.concat(held, bytes);
  };
  return { add, pieces: () => pieces.length, whole };
}

const large = 65_536;
