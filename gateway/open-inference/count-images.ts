import { constants, gunzipSync, inflateSync } from "node:zlib";
import { countInHead } from "./count-in-head.ts";

export type CountedRequest = {
  readonly body: Buffer;
  /** What `inference-header-content-length` says. */
  readonly headLength: string | undefined;
  readonly encoding: string | undefined;
};

/**
 * How many images a request counts for: the length of its input of encoded images, and 1 for tensors. Where its head is
 * not there whole, or not plainly written, it is the most that a request may hold, so that nobody hides a dozen images.
 */
export function countImages({ body, headLength, encoding }: CountedRequest): number {
  if (headLength === "0") return 1;
  try {
    const { bytes, isWhole } = unpack(body, encoding);
    const length = headLength === undefined ? wholeLength(bytes, isWhole) : lengthIn(headLength);
    return length <= bytes.byteLength ? countInHead(bytes.subarray(0, length)) : mostImages;
  } catch {
    return mostImages;
  }
}

const mostImages = 16;

type Plain = { readonly bytes: Buffer; readonly isWhole: boolean };

/** Of a packed body so much is unpacked to be counted, to a thousand times as many bytes at most. */
const packedBytes = 4_096;

function unpack(body: Buffer, encoding = "identity"): Plain {
  if (encoding === "identity") return { bytes: body, isWhole: true };
  const unpackSync = encoding === "gzip" ? gunzipSync : inflateSync;
  const bytes = unpackSync(body.subarray(0, packedBytes), { finishFlush: constants.Z_SYNC_FLUSH });
  return { bytes, isWhole: body.byteLength <= packedBytes };
}

function wholeLength({ byteLength }: Buffer, isWhole: boolean): number {
  return isWhole ? byteLength : Number.POSITIVE_INFINITY;
}

function lengthIn(header: string): number {
  return /^\d{1,15}$/.test(header) ? Number(header) : Number.POSITIVE_INFINITY;
}
