import { TradewindError } from "#infra/runtime/errors.ts";
import { readHeaderValue } from "./media-type.ts";
import { type Part, readParts } from "./multipart.ts";
import { readJsonBody } from "./read-json-body.ts";
import {
  type BodyLimits,
  type ImageItem,
  noFields,
  type ReceivedBody,
  tooManyImages,
} from "./received-body.ts";

/** What a whole body holds, by its content type; whether the bytes are an image is asked later, of the bytes. */
export function readImages(
  body: Buffer,
  contentType: string | undefined,
  { mostImages }: BodyLimits = { mostImages: 16 },
): ReceivedBody {
  if (body.byteLength === 0) throw new TradewindError("body_empty", "the body is empty");
  if (contentType === undefined || rawTypes.has(contentType)) return oneImage(body);
  const type = readHeaderValue(contentType);
  // A type that nobody can read is as good as none.
  if (!type || rawTypes.has(type.value) || type.value.startsWith("image/")) return oneImage(body);
  if (type.value === "multipart/form-data") {
    return readForm(body, type.parameters.get("boundary"), mostImages);
  }
  if (type.value === "application/json") return readJsonBody(body, { mostImages });
  throw new TradewindError(
    "image_type_unsupported",
    `content-type ${type.value.slice(0, 64)} is not accepted; send an image, multipart/form-data or application/json`,
  );
}

/** The last one is what curl says of every body, unless told otherwise. */
const rawTypes: ReadonlySet<string> = new Set([
  "",
  "image/jpeg",
  "image/png",
  "image/webp",
  "application/octet-stream",
  "binary/octet-stream",
  "application/x-www-form-urlencoded",
]);

function oneImage(bytes: Buffer): ReceivedBody {
  return { items: [{ bytes }], several: false, fields: noFields };
}

const imageNames: ReadonlySet<string> = new Set(["image", "images", "images[]", "file"]);

/** More than any honest value of a parameter, which may list a thousand classes. */
const mostFieldBytes = 16_384;

function readForm(body: Buffer, boundary: string | undefined, mostImages: number): ReceivedBody {
  const items: ImageItem[] = [];
  // Without a prototype, since a field may be called __proto__.
  const fields: Record<string, string[]> = Object.create(null);
  let isList = false;
  for (const part of readParts(body, boundary)) {
    if (imageNames.has(part.name)) {
      if (items.length === mostImages) throw tooManyImages(mostImages);
      isList ||= part.name.startsWith("images");
      items.push({ bytes: part.bytes });
    } else addField(fields, part);
  }
  if (items.length === 0) throw new TradewindError("body_empty", "the form has no field named image");
  return { items, several: isList || items.length > 1, fields };
}

function addField(fields: Record<string, string[]>, { name, isFile, bytes }: Part): void {
  if (isFile) throw unknownFile(name);
  if (bytes.byteLength > mostFieldBytes) throw tooLong(name);
  const values = fields[name] ?? [];
  values.push(bytes.toString("utf8"));
  fields[name] = values;
}

function unknownFile(name: string): TradewindError {
  const known = [...imageNames].join(", ");
  return new TradewindError(
    "parameter_invalid",
    `the form has a file named ${JSON.stringify(name.slice(0, 40))}; images are named ${known}`,
  );
}

function tooLong(name: string): TradewindError {
  const shown = JSON.stringify(name.slice(0, 40));
  return new TradewindError(
    "parameter_invalid",
    `field ${shown} of the form is longer than ${mostFieldBytes} bytes`,
  );
}
