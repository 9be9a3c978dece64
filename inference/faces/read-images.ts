import type { FaceRequest } from "#inference/face.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** More in one request would hold that many decoded images at once. */
const maxImages = 16;

/** The encoded images of the input `image`; a caller who can send only text says `content_type` base64. */
export function readImages({
  inputs,
  inputParameters,
}: Pick<FaceRequest, "inputs" | "inputParameters">): readonly Uint8Array[] {
  const tensor = inputs.image;
  if (tensor?.datatype !== "BYTES") throw malformed("the input 'image' is missing, or is not BYTES");
  const { data: images, shape } = tensor;
  if (shape.length !== 1 || images.length < 1 || images.length > maxImages) {
    const shown = shape.join(", ").slice(0, 60);
    throw malformed(`input 'image' has shape [${shown}], expected [n] with n from 1 to ${maxImages}`);
  }
  const contentType = inputParameters.image?.content_type;
  return contentType === "base64" ? images.map(decodeBase64) : images;
}

function decodeBase64(bytes: Uint8Array, index: number): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const unpadded = text.trimEnd().replace(/={1,2}$/, "");
  if (/^[A-Za-z0-9+/\s]*$/.test(unpadded)) return Buffer.from(text, "base64");
  throw malformed(`element ${index} of input 'image' is no base64`);
}

function malformed(message: string): TradewindError {
  return new TradewindError("request_malformed", message);
}
