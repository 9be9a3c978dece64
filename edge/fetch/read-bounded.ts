import { TradewindError } from "#infra/runtime/errors.ts";
import type { OriginAnswer } from "./origin.ts";

/** A whole answer of at most so many bytes; a larger one is broken off as soon as that shows. */
export async function readBounded(
  { body, leave }: Pick<OriginAnswer, "body" | "leave">,
  { maxBytes }: { readonly maxBytes: number },
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of body) {
      bytes += piece.byteLength;
      if (bytes > maxBytes) throw tooLong(maxBytes);
      pieces.push(piece);
    }
  } finally {
    leave();
  }
  return Buffer.concat(pieces, bytes);
}

function tooLong(maxBytes: number): TradewindError {
  return new TradewindError(
    "repository_refused",
    `an answer has more than the ${maxBytes} bytes it may have`,
  );
}
