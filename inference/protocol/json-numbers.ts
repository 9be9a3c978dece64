import { skipSpace } from "./json-head.ts";

/** A place in the text of a JSON list. */
export type Cursor = { readonly text: Buffer; at: number };

/**
 * Calls back at the beginning of every element of a list, however its rows are nested; the callback moves the cursor
 * behind what it read. Returns whether the text is one list as JSON writes it.
 */
export function walkList(cursor: Cursor, readElement: () => void): boolean {
  const { text } = cursor;
  let [depth, state] = [0, State.start];
  for (cursor.at = skipSpace(text, 0); cursor.at < text.byteLength; cursor.at = skipSpace(text, cursor.at)) {
    const mark = markOf(text[cursor.at]);
    state = steps[state]?.[mark] ?? State.wrong;
    if (state === State.wrong) return false;
    if (mark === Mark.element) {
      readElement();
      continue;
    }
    cursor.at += 1;
    depth += depthOf[mark] ?? 0;
    if (depth === 0) return skipSpace(text, cursor.at) === text.byteLength;
  }
  return false;
}

/** What may come next: a list; an element; an element or the end of an empty list; a comma or the end. */
const State = { start: 0, value: 1, first: 2, after: 3, wrong: 4 };

const Mark = { comma: 0, open: 1, close: 2, element: 3 };

/** By state and then by mark: the state after it. */
const steps: readonly (readonly number[])[] = [
  [State.wrong, State.first, State.wrong, State.wrong],
  [State.wrong, State.first, State.wrong, State.after],
  [State.wrong, State.first, State.after, State.after],
  [State.value, State.wrong, State.after, State.wrong],
];

const depthOf: readonly number[] = [0, 1, -1];

function markOf(byte: number | undefined): number {
  if (byte === 0x2c) return Mark.comma;
  if (byte === 0x5b) return Mark.open;
  return byte === 0x5d ? Mark.close : Mark.element;
}

const [minus, plus, point, zero, nine] = [0x2d, 0x2b, 0x2e, 0x30, 0x39];

/** The number at the cursor, rounded as JSON.parse does; undefined where there is none, and the cursor stays. */
export function readNumber(cursor: Cursor): number | undefined {
  const { text, at: start } = cursor;
  const first = text[start] === minus ? start + 1 : start;
  const whole = endOfDigits(text, first);
  if (whole === first || (whole > first + 1 && text[first] === zero)) return undefined;
  const decimal = text[whole] === point ? endOfDigits(text, whole + 1) : whole;
  if (decimal === whole + 1) return undefined;
  const end = endOfExponent(text, decimal);
  if (end === undefined) return undefined;
  cursor.at = end;
  if (end > decimal || end - first > 16) return Number(text.toString("latin1", start, end));
  const value = quotient(text, first, whole, end);
  return first > start ? -value : value;
}

/** At most 15 digits and a power of ten up to 15 are both exact, so that their quotient is rounded once, as it should be. */
function quotient(text: Buffer, first: number, whole: number, end: number): number {
  if (end === whole && end - first > 15) return Number(text.toString("latin1", first, end));
  let digits = 0;
  for (let at = first; at < end; at += 1) if (at !== whole) digits = digits * 10 + (text[at] ?? zero) - zero;
  return end === whole ? digits : digits / (powersOfTen[end - whole - 1] ?? 1);
}

const powersOfTen = Array.from({ length: 17 }, (_, exponent) => Number(`1e${exponent}`));

function endOfDigits(text: Buffer, start: number): number {
  let at = start;
  while (isDigit(text[at])) at += 1;
  return at;
}

/** The index behind the exponent, which need not be there; undefined where it has no digits. */
function endOfExponent(text: Buffer, start: number): number | undefined {
  if (text[start] !== 0x65 && text[start] !== 0x45) return start;
  const sign = text[start + 1];
  const first = sign === plus || sign === minus ? start + 2 : start + 1;
  const end = endOfDigits(text, first);
  return end === first ? undefined : end;
}

/** A whole number at the cursor, exactly; undefined where there is none, or one longer than 64 bits can be. */
export function readBigInt(cursor: Cursor): bigint | undefined {
  const { text, at: start } = cursor;
  const value = readNumber(cursor);
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value)) return BigInt(value);
  const token = text.toString("latin1", start, Math.min(cursor.at, start + 24));
  return /^-?\d{1,20}$/.test(token) ? BigInt(token) : undefined;
}

/** Consumes the word where it stands at the cursor. */
export function readWord(cursor: Cursor, word: string): boolean {
  const { text, at } = cursor;
  if (text[at] !== word.charCodeAt(0)) return false;
  if (text.toString("latin1", at, at + word.length) !== word) return false;
  cursor.at += word.length;
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}
