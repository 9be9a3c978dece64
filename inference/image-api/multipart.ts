import { TradewindError } from "#infra/runtime/errors.ts";
import { readHeaderValue } from "./media-type.ts";

/** One field of a form; `bytes` is a view into the body. */
export type Part = {
  readonly name: string;
  /** Whether the sender gave a file name, which even an unnamed file has as "". */
  readonly isFile: boolean;
  readonly bytes: Buffer;
};

const mostParts = 64;
const mostHeaderBytes = 16_384;

/**
 * The parts of a `multipart/form-data` body (RFC 7578 over RFC 2046), found in one pass over bytes that are here
 * already. It is strict, since what two readers of one form see differently is a way around the first of them.
 */
export function* readParts(body: Buffer, boundary: string | undefined): Generator<Part> {
  const delimiter = delimiterOf(boundary);
  // The line break before the first delimiter is missing where nothing precedes it.
  const opens = startsWith(body, delimiter.subarray(2)) ? -2 : body.indexOf(delimiter);
  if (opens === -1) throw malformed("its boundary does not occur in the body");
  let at = afterDelimiter(body, opens + delimiter.byteLength);
  for (let count = 1; at !== undefined; count += 1) {
    if (count > mostParts) throw malformed(`it has more than ${mostParts} parts`);
    const bodyAt = endOfHeaders(body, at);
    const end = body.indexOf(delimiter, bodyAt - 2);
    if (end === -1) throw malformed("it ends before its last boundary");
    yield partOf(body.toString("utf8", at, bodyAt - 4), body.subarray(bodyAt, Math.max(bodyAt, end)));
    at = afterDelimiter(body, end + delimiter.byteLength);
  }
}

function delimiterOf(boundary: string | undefined): Buffer {
  if (boundary === undefined) throw malformed("its content type names no boundary");
  if (!/^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/.test(boundary)) {
    throw malformed("its boundary is not 1 to 70 of the characters that a boundary may have");
  }
  return Buffer.from(`\r\n--${boundary}`, "latin1");
}

function startsWith(body: Buffer, start: Buffer): boolean {
  return body.subarray(0, start.byteLength).equals(start);
}

/** Where the next part's headers begin; undefined behind the last delimiter, where an epilogue is nobody's business. */
function afterDelimiter(body: Buffer, from: number): number | undefined {
  const isLast = body[from] === 0x2d && body[from + 1] === 0x2d;
  let at = isLast ? from + 2 : from;
  while (body[at] === 0x20 || body[at] === 0x09) at += 1;
  if (body[at] === 0x0d && body[at + 1] === 0x0a) return isLast ? undefined : at + 2;
  if (isLast && at >= body.byteLength) return undefined;
  throw malformed(
    at >= body.byteLength ? "it ends before its last boundary" : "a boundary has more behind it",
  );
}

const blankLine = Buffer.from("\r\n\r\n");

/** Where the part's own bytes begin. */
function endOfHeaders(body: Buffer, from: number): number {
  const end = body.subarray(from, from + mostHeaderBytes + blankLine.byteLength).indexOf(blankLine);
  if (end !== -1) return from + end + blankLine.byteLength;
  const most = `${mostHeaderBytes / 1_024} KB`;
  throw malformed(
    body.byteLength - from > mostHeaderBytes ? `a part has over ${most} of headers` : "a part has no end",
  );
}

function partOf(headers: string, bytes: Buffer): Part {
  let disposition: string | undefined;
  for (const line of headers.split("\r\n")) {
    const [, name, value = ""] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]*):(.*)$/s.exec(line) ?? [];
    if (name === undefined || /[\0\r\n]/.test(value)) throw malformed("a part has a header that is none");
    const isDisposition = name.toLowerCase() === "content-disposition";
    if (isDisposition && disposition !== undefined) throw malformed("a part has two content-dispositions");
    if (isDisposition) disposition = value;
    else refuseHeader(name.toLowerCase(), value.trim().toLowerCase());
  }
  const found = readHeaderValue(disposition ?? "");
  const name = found?.parameters.get("name");
  if (found?.value !== "form-data" || !name) throw malformed("a part is no form-data with a name");
  return { name, isFile: found.parameters.has("filename") || found.parameters.has("filename*"), bytes };
}

function refuseHeader(name: string, value: string): void {
  if (name === "content-type" && value.startsWith("multipart/")) throw malformed("a part is a form itself");
  if (name !== "content-transfer-encoding" || /^(binary|8bit|7bit)$/.test(value)) return;
  throw new TradewindError(
    "encoding_unsupported",
    `a part of the form has content-transfer-encoding ${value.slice(0, 32)}; send its bytes as they are`,
  );
}

function malformed(what: string): TradewindError {
  return new TradewindError("request_malformed", `the form can't be read: ${what}`);
}
