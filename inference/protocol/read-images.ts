import { TradewindError } from "#infra/runtime/errors.ts";

export type ImageInput = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly data?: unknown;
};

/** More in one request would hold that many decoded images at once. */
const maxImages = 16;

/** The images of the input `image`: BYTES behind the JSON part, or base64 text inside it where `content_type` says so. */
export function readImages(input: ImageInput, binary: Buffer): Uint8Array[] {
  const { name, datatype, data, parameters } = input;
  if (name !== "image") throw malformed(`unexpected input '${name.slice(0, 60)}', expected 'image'`);
  if (datatype !== "BYTES") throw malformed(`input 'image' is ${datatype.slice(0, 20)}, expected BYTES`);
  const count = countOf(input.shape);
  const { binary_data_size: size, shared_memory_region: region } = parameters;
  if (region !== undefined) throw malformed("input 'image' lies in shared memory, which is not served here");
  if ((data === undefined) === (size === undefined)) {
    throw malformed("input 'image' must set exactly one of 'data' and 'binary_data_size'");
  }
  return size === undefined ? readText(data, parameters, count, binary) : readBinary(size, count, binary);
}

function countOf(shape: readonly number[]): number {
  const [count = 0] = shape;
  if (shape.length === 1 && Number.isInteger(count) && count >= 1 && count <= maxImages) return count;
  throw malformed(
    `input 'image' has shape [${shape.join(", ").slice(0, 60)}], expected [n] with n from 1 to ${maxImages}`,
  );
}

function readBinary(size: string | number | boolean, count: number, binary: Buffer): Uint8Array[] {
  if (typeof size !== "number" || !Number.isInteger(size) || size < 0) {
    throw malformed(`binary_data_size is ${JSON.stringify(size).slice(0, 40)}, expected a whole number`);
  }
  const missing = size - binary.byteLength;
  if (missing > 0)
    throw malformed(`unexpected size for input 'image', expecting ${missing} additional bytes`);
  if (missing < 0) throw malformed(`${-missing} unexpected additional bytes after input 'image'`);
  return readElements(binary, count);
}

/** Each element is its length as a little-endian uint32, then its bytes. */
function readElements(binary: Buffer, count: number): Uint8Array[] {
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < binary.byteLength) {
    const start = at + 4;
    const length = start <= binary.byteLength ? binary.readUInt32LE(at) : 0;
    if (start + length > binary.byteLength) {
      throw malformed(`element ${elements.length} of input 'image' runs past the end of its tensor`);
    }
    elements.push(binary.subarray(start, start + length));
    if (elements.length > count) break;
    at = start + length;
  }
  if (elements.length === count) return elements;
  const found = elements.length > count ? `more than ${count}` : String(elements.length);
  throw malformed(`input 'image' holds ${found} elements, expected ${count}`);
}

function readText(
  data: unknown,
  { content_type: contentType }: ImageInput["parameters"],
  count: number,
  binary: Buffer,
): Uint8Array[] {
  if (binary.byteLength > 0)
    throw malformed(`${binary.byteLength} unexpected additional bytes after the JSON part`);
  if (contentType !== "base64") {
    throw malformed(
      "an image is not text: send it as binary data, or as base64 with the parameter content_type 'base64'",
    );
  }
  const texts: unknown[] = Array.isArray(data) ? data : [];
  if (texts.length !== count)
    throw malformed(`input 'image' holds ${texts.length} elements, expected ${count}`);
  return texts.map((text, index) => {
    if (typeof text === "string" && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text))
      return Buffer.from(text, "base64");
    throw malformed(`element ${index} of input 'image' is no base64`);
  });
}

function malformed(message: string): TradewindError {
  return new TradewindError("request_malformed", message);
}
