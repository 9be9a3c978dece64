import type { ImageSize } from "../../contract.ts";
import type { ImageType } from "../sniff.ts";
import type { Orientation } from "./exif-orientation.ts";
import { damaged } from "./unreadable-image.ts";

/** What each of the walkers hands over. */
export type Walked = {
  readonly size: ImageSize;
  readonly orientation: Orientation;
  readonly kept: readonly Uint8Array[];
};

type Range = { from: number; to: number };

/** What remains of an image, in order: ranges of it, neighbours as one, and a few new bytes between them. */
export type KeptParts = {
  readonly image: Buffer;
  readonly type: ImageType;
  readonly parts: (Range | Buffer)[];
};

/** Files that people have need a handful; without a bound a hostile one would make an object of every few bytes. */
const mostParts = 1_024;

export function keep({ parts, type }: KeptParts, from: number, to: number): void {
  const last = parts.at(-1);
  if (last && "from" in last && last.to === from) last.to = to;
  else if (parts.push({ from, to }) > mostParts) throw damaged(type, "it is in too many parts");
}

/** New bytes; where the image has the same at `from`, or else where it was left, they are kept as they lie. */
export function put(kept: KeptParts, bytes: Buffer, from = leftAt(kept)): void {
  if (from !== undefined && liesAt(kept.image, from, bytes)) keep(kept, from, from + bytes.byteLength);
  else if (kept.parts.push(bytes) > mostParts) throw damaged(kept.type, "it is in too many parts");
}

function leftAt({ parts }: KeptParts): number | undefined {
  const last = parts.at(-1);
  return last && "from" in last ? last.to : undefined;
}

/** The pieces with `head` before all that was kept so far: what a head says is known only at the end. */
export function beginningWith(head: Buffer, { image, parts }: KeptParts): readonly Uint8Array[] {
  const view = ({ from, to }: Range): Buffer => image.subarray(from, to);
  const pieces = parts.map((part) => ("from" in part ? view(part) : part));
  if (!liesAt(image, 0, head)) return [head, ...pieces];
  const first = parts[0];
  if (!first || !("from" in first) || first.from !== head.byteLength) {
    return [image.subarray(0, head.byteLength), ...pieces];
  }
  return [view({ from: 0, to: first.to }), ...pieces.slice(1)];
}

export function bytesIn({ parts }: KeptParts): number {
  return parts.reduce((sum, part) => sum + ("from" in part ? part.to - part.from : part.byteLength), 0);
}

function liesAt(image: Buffer, at: number, bytes: Buffer): boolean {
  return image.subarray(at, at + bytes.byteLength).equals(bytes);
}
