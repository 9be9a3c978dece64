import type { OriginAnswer } from "./origin.ts";

export type Asked = {
  readonly start: number;
  readonly end: number;
  /** Of the whole file, as signed. */
  readonly bytes: number;
};

export type JudgedAnswer =
  /** The body holds these bytes of the file, if it is honest. */
  | { readonly kind: "bytes"; readonly start: number; readonly end: number }
  /** Asked again, it may be better. */
  | { readonly kind: "broken"; readonly why: string; readonly retryAfterMs: number | undefined }
  /** What this server has under the address is not what is signed. */
  | { readonly kind: "unfit"; readonly why: string }
  /** This server will not give it, now or soon. */
  | { readonly kind: "withheld"; readonly why: string };

type Head = Pick<OriginAnswer, "status" | "header">;

/** What may be done with an answer, by its head alone; not one byte of what does not fit is read. */
export function judgeAnswer(head: Head, asked: Asked): JudgedAnswer {
  const { status, header } = head;
  const encoding = header("content-encoding");
  if (status === 200 || status === 206) {
    if (encoding !== undefined && encoding !== "identity")
      return broken(`it comes encoded as ${show(encoding)}`);
    return status === 200 ? judgeWhole(head, asked) : judgePart(head, asked);
  }
  if ([404, 410].includes(status)) return withheld("it is not there");
  if (status === 416) return unfit("it is shorter there than signed");
  if (status === 429 || status >= 500 || [408, 425].includes(status)) {
    return broken(`status ${status}`, retryAfterMs(header("retry-after")));
  }
  return status >= 400 ? withheld(`status ${status}`) : broken(`status ${status}`);
}

/** The tag under which the same bytes may be asked for again; a weak one promises only something like them. */
export function strongTag({ header }: Pick<Head, "header">): string | undefined {
  const tag = header("etag");
  return tag !== undefined && /^"[\x21\x23-\x7e]{1,200}"$/.test(tag) ? tag : undefined;
}

/** The server has no parts, or its content changed; either way the whole of it comes from the beginning. */
function judgeWhole({ header }: Head, { bytes }: Asked): JudgedAnswer {
  const length = header("content-length");
  if (length !== undefined && length !== String(bytes))
    return unfit(`it has ${show(length)} bytes there, not ${bytes}`);
  return { kind: "bytes", start: 0, end: bytes };
}

const rangeForm = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/;

function judgePart({ header }: Head, { start, end, bytes }: Asked): JudgedAnswer {
  const said = header("content-range") ?? "";
  const [, from, last, total] = rangeForm.exec(said) ?? [];
  if (from === undefined) return broken(`its range cannot be read: ${show(said)}`);
  if (total !== "*" && Number(total) !== bytes) return unfit(`it has ${total} bytes there, not ${bytes}`);
  const until = Number(last) + 1;
  const isAsked = Number(from) === start && until > start && until <= end;
  if (!isAsked) return broken(`it sends another range than was asked: ${show(said)}`);
  const length = header("content-length");
  if (length !== undefined && length !== String(until - start))
    return broken(`its length is not that of its range`);
  return { kind: "bytes", start, end: until };
}

const longestWaitMs = 900_000;

/** In seconds; a date would need a clock that is right. */
function retryAfterMs(said: string | undefined): number | undefined {
  if (said === undefined || !/^\d{1,9}$/.test(said)) return undefined;
  return Math.min(longestWaitMs, Number(said) * 1_000);
}

function broken(why: string, wait?: number): JudgedAnswer {
  return { kind: "broken", why, retryAfterMs: wait };
}

function unfit(why: string): JudgedAnswer {
  return { kind: "unfit", why };
}

function withheld(why: string): JudgedAnswer {
  return { kind: "withheld", why };
}

function show(said: string): string {
  return JSON.stringify(said.slice(0, 60));
}
