import { isAscii, isUtf8 } from "node:buffer";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readBase64 } from "./base64.ts";
import {
  type BodyLimits,
  type Fields,
  type ImageItem,
  noFields,
  type ReceivedBody,
  tooManyImages,
} from "./received-body.ts";

/** `{"image": ...}` or `{"images": [...]}`, with `"parameters"` if any; an image is base64 or a URL. */
export function readJsonBody(body: Buffer, { mostImages }: BodyLimits): ReceivedBody {
  const { image, images, parameters, ...others } = parse(body);
  refuseOthers("the body", others, ["image", "images", "parameters"]);
  if (image !== undefined && images !== undefined) throw malformed("it has both image and images");
  const fields = parameters === undefined ? noFields : readParameters(parameters);
  if (images === undefined) {
    if (image === undefined) throw noImage();
    return { items: [readImage(image, "image")], several: false, fields };
  }
  if (!Array.isArray(images)) throw malformed("images is no list");
  if (images.length === 0) throw noImage();
  if (images.length > mostImages) throw tooManyImages(mostImages);
  return { items: images.map((each, index) => readImage(each, `images[${index}]`)), several: true, fields };
}

type Members = Readonly<Record<string, unknown>>;

function parse(body: Buffer): Members {
  refuseDust(body);
  if (!isUtf8(body)) throw malformed("it is not UTF-8");
  // Of base64 the longer way to the same text would be four times as slow.
  const parsed = asJson(body.toString(isAscii(body) ? "latin1" : "utf8"));
  if (!isObject(parsed)) throw malformed("it is no object");
  return parsed;
}

const mostStringEnds = 8_192;
const mostOutsideStrings = 65_536;
const quote = 0x22;
const backslash = 0x5c;

/**
 * Millions of brackets or tiny strings would become millions of objects, many times their size. An honest body is a
 * few long strings, which are stepped over without a look inside.
 */
function refuseDust(body: Buffer): void {
  let outside = 0;
  let at = 0;
  let isInside = false;
  for (let quotes = 0; ; ) {
    const next = body.indexOf(quote, at);
    if (!isInside) outside += (next === -1 ? body.byteLength : next) - at;
    if (outside > mostOutsideStrings)
      throw malformed(`over ${mostOutsideStrings} bytes lie outside of strings`);
    if (next === -1) return;
    quotes += 1;
    if (quotes > mostStringEnds) throw malformed("it has too many strings or escaped quotes");
    if (!isInside || !isEscaped(body, at, next)) isInside = !isInside;
    at = next + 1;
  }
}

function isEscaped(body: Buffer, from: number, quoteAt: number): boolean {
  let at = quoteAt;
  while (at > from && body[at - 1] === backslash) at -= 1;
  return (quoteAt - at) % 2 === 1;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed("it is not valid JSON", cause);
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuseOthers(where: string, others: Members, known: readonly string[]): void {
  const [name] = Object.keys(others);
  if (name === undefined) return;
  throw malformed(
    `${where} has a member ${JSON.stringify(name.slice(0, 40))}, where only ${known.join(", ")} may be`,
  );
}

function readImage(given: unknown, where: string): ImageItem {
  if (typeof given === "string") return { bytes: decode(given, where) };
  if (!isObject(given)) throw malformed(`${where} is neither base64 nor an object with base64 or url`);
  const { base64, url, ...others } = given;
  refuseOthers(where, others, ["base64", "url"]);
  if (typeof base64 === "string" && url === undefined) return { bytes: decode(base64, where) };
  if (typeof url === "string" && base64 === undefined) return { url };
  throw malformed(`${where} needs either base64 or url, as text`);
}

function decode(given: string, where: string): Buffer {
  const bytes = readBase64(given.slice(dataUrlPrefix(given)));
  if (bytes && bytes.byteLength > 0) return bytes;
  if (given === "" || bytes) throw new TradewindError("parameter_invalid", `${where} is empty`);
  const hint = /^https?:/i.test(given) ? `; a URL is written {"url": "https://..."}` : "";
  throw new TradewindError("parameter_invalid", `${where} is not base64${hint}`);
}

/** How many letters of `data:image/jpeg;base64,` stand before the base64 itself. */
function dataUrlPrefix(text: string): number {
  const head = text.slice(0, 200);
  return /^data:[\w.+/-]*(?:;[\w-]+=[^;,]*)*;base64,/i.exec(head)?.[0].length ?? 0;
}

const mostValues = 1_024;

/** As if each had stood in the query. */
function readParameters(given: unknown): Fields {
  if (!isObject(given)) throw malformed("parameters is no object");
  const fields: Record<string, readonly string[]> = Object.create(null);
  for (const [name, value] of Object.entries(given)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.length > mostValues) throw invalid(name, `has more than ${mostValues} values`);
    fields[name] = values.map((each) => asText(name, each));
  }
  return fields;
}

function asText(name: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  if (typeof value !== "number")
    throw invalid(name, "is neither text, a number, true, false nor a list of them");
  const text = String(value);
  // A query takes plain decimals only, and 1e-7 is what JSON makes of 0.0000001.
  return text.includes("e-") ? value.toFixed(20) : text;
}

function invalid(name: string, what: string): TradewindError {
  return new TradewindError("parameter_invalid", `parameter ${JSON.stringify(name.slice(0, 40))} ${what}`);
}

function noImage(): TradewindError {
  return new TradewindError("body_empty", "the JSON has no image; expected image or images");
}

function malformed(what: string, cause?: unknown): TradewindError {
  return new TradewindError("request_malformed", `the JSON can't be read: ${what}`, { cause });
}
