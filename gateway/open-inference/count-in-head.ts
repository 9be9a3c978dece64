/** Where a request's JSON stands in memory, and how far it is read. */
type Reading = { readonly bytes: Buffer; at: number; backslashAt: number };

/**
 * The most items that an input of encoded images names, and 1 where all inputs are tensors: one pass over the JSON, which
 * keeps nothing of it. Throws where the JSON could mean something else to another reader, such as by a member that comes
 * twice or is written with escapes.
 */
export function countInHead(bytes: Buffer): number {
  const head: Reading = { bytes, at: 0, backslashAt: -1 };
  let most = 1;
  readMembers(head, (name) => {
    if (name !== "inputs") return skipValue(head);
    readItems(head, () => {
      most = Math.max(most, readInput(head));
    });
  });
  skipSpace(head);
  if (head.at < bytes.byteLength) throw unclear();
  return most;
}

/** Nobody takes more; the backend will say so. */
const mostCounted = 1_000;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a] as const;
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

const tensorTypes = /^(?:BOOL|U?INT(?:8|16|32|64)|FP(?:16|32|64)|BF16)$/;

function readInput(head: Reading): number {
  let datatype = "";
  let items = Number.NaN;
  readMembers(head, (name) => {
    if (name === "datatype") datatype = readWord(head, isUpper);
    else if (name === "shape") items = readShape(head);
    else skipValue(head);
  });
  if (tensorTypes.test(datatype)) return 1;
  if (datatype !== "BYTES" || Number.isNaN(items)) throw unclear();
  return Math.min(Math.max(items, 1), mostCounted);
}

/** All dimensions together: to some backends the images of a batch stand in a column. */
function readShape(head: Reading): number {
  let items = 1;
  readItems(head, () => {
    items *= readCount(head);
  });
  return items;
}

function readCount(head: Reading): number {
  skipSpace(head);
  const { bytes, at } = head;
  let [end, count] = [at, 0];
  for (let digit = digitAt(bytes, end); digit >= 0 && end - at < 12; digit = digitAt(bytes, end)) {
    count = 10 * count + digit;
    end += 1;
  }
  if (end === at) throw unclear();
  head.at = end;
  return count;
}

function digitAt(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : -1;
}

/** More than any request has where names count. */
const mostMembers = 64;

function readMembers(head: Reading, read: (name: string) => void): void {
  const names = new Set<string>();
  expect(head, openObject);
  if (take(head, closeObject)) return;
  do {
    const name = readWord(head, isLower);
    if (names.has(name) || names.size === mostMembers) throw unclear();
    names.add(name);
    expect(head, colon);
    read(name);
  } while (take(head, comma));
  expect(head, closeObject);
}

function readItems(head: Reading, read: () => void): void {
  expect(head, openList);
  if (take(head, closeList)) return;
  do read();
  while (take(head, comma));
  expect(head, closeList);
}

/** A short text of plain letters: some readers don't tell upper case from lower, and escapes can spell anything. */
function readWord(head: Reading, isPlain: (byte: number) => boolean): string {
  expect(head, quote);
  const { bytes, at } = head;
  let end = at;
  while (end - at < 64 && isPlain(bytes[end] ?? 0)) end += 1;
  head.at = end;
  if (bytes[end] !== quote) throw unclear();
  head.at = end + 1;
  return bytes.toString("latin1", at, end);
}

function isLower(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f;
}

function isUpper(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);
}

const plain = 1;
const opens = 2;
const closes = 3;
const quotes = 4;
const separates = 5;

/** What a byte outside of texts is; 0 is none of JSON's. */
const kinds = new Uint8Array(256);
for (const byte of Buffer.from("0123456789+-.eEtrufalsnINy \t\n\r:")) kinds[byte] = plain;
for (const byte of [openList, openObject]) kinds[byte] = opens;
for (const byte of [closeList, closeObject]) kinds[byte] = closes;
kinds[quote] = quotes;
kinds[comma] = separates;

/** Up to what follows a value, however large it is. */
function skipValue(head: Reading): void {
  const { bytes } = head;
  const { length } = bytes;
  let [at, depth] = [head.at, 0];
  for (; at < length; at += 1) {
    const kind = kinds[bytes[at] as number] as number;
    if (kind === plain || (kind === separates && depth > 0)) continue;
    if (kind === quotes) at = endOfText(head, at);
    else if (depth === 0 && kind !== opens) break;
    else depth += deeper(kind);
  }
  if (at === head.at) throw unclear();
  head.at = at;
}

function deeper(kind: number): number {
  if (kind === 0) throw unclear();
  return kind === opens ? 1 : -1;
}

/** Shorter texts are read by hand, since each search costs as much as so many bytes. */
const nearby = 64;

/** Where a text ends that begins here. An image in base64 has no escapes, and is passed as fast as memory is read. */
function endOfText(head: Reading, from: number): number {
  const { bytes } = head;
  const near = from + nearby;
  const at = endByHand(bytes, from + 1, near);
  if (at < near) return at;
  if (head.backslashAt < at) {
    const found = bytes.indexOf(backslash, at);
    head.backslashAt = found < 0 ? bytes.length : found;
  }
  const end = bytes.indexOf(quote, at);
  if (end < 0) throw unclear();
  return end < head.backslashAt ? end : checked(endByHand(bytes, at, bytes.length), bytes);
}

/** Where the text ends, or at least `to` where that is further on. */
function endByHand(bytes: Buffer, from: number, to: number): number {
  let at = from;
  for (; at < to; at += 1) {
    const byte = bytes[at];
    if (byte === quote) return at;
    if (byte === backslash) at += 1;
  }
  return at;
}

function checked(end: number, { length }: Buffer): number {
  if (end < length) return end;
  throw unclear();
}

function take(head: Reading, byte: number): boolean {
  skipSpace(head);
  if (head.bytes[head.at] !== byte) return false;
  head.at += 1;
  return true;
}

function expect(head: Reading, byte: number): void {
  if (!take(head, byte)) throw unclear();
}

function skipSpace(head: Reading): void {
  const { bytes } = head;
  let { at } = head;
  while (isSpace(bytes[at])) at += 1;
  head.at = at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function unclear(): Error {
  return new Error("not plainly a request");
}
