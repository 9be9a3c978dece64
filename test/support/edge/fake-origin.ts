import { lineFailure } from "#edge/fetch/line-failure.ts";
import type { Origin, OriginAnswer, OriginAsk } from "#edge/fetch/origin.ts";

/** An answer as a test changes it before it leaves. */
export type DraftAnswer = {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  /** The line breaks after so many bytes of the body. */
  cutAfter?: number;
  pieceBytes?: number;
};

export type Tamper = (draft: DraftAnswer, ask: OriginAsk) => DraftAnswer | undefined;

export type FakeOrigin = Origin & {
  readonly asks: OriginAsk[];
  /** What befalls the next answers, one each; then `always`. */
  readonly faults: Tamper[];
  always: Tamper;
  /** Bytes of bodies that went over the line. */
  sent: number;
};

/** A server of one file without a network; ranges, tags and conditions as RFC 9110 says. */
export function createFakeOrigin(
  content: Uint8Array,
  { tag = '"tag"', name = "fake" }: { readonly tag?: string; readonly name?: string } = {},
): FakeOrigin {
  const fake: FakeOrigin = {
    ...{ name, asks: [], faults: [], always: () => undefined, sent: 0 },
    get: async (ask) => {
      fake.asks.push(ask);
      ask.signal.throwIfAborted();
      const draft = usual(content, tag, ask);
      const tamper = fake.faults.shift() ?? fake.always;
      return answerOf(tamper(draft, ask) ?? draft, fake);
    },
  };
  return fake;
}

function usual(content: Uint8Array, tag: string, { range, ifRange }: OriginAsk): DraftAnswer {
  const headers: Record<string, string> = { etag: tag, "accept-ranges": "bytes" };
  if (!range || (ifRange !== undefined && ifRange !== tag)) {
    return {
      status: 200,
      headers: { ...headers, "content-length": String(content.byteLength) },
      body: content,
    };
  }
  const total = content.byteLength;
  if (range.start >= total) {
    return { status: 416, headers: { "content-range": `bytes */${total}` }, body: new Uint8Array() };
  }
  const end = Math.min(range.end, total);
  headers["content-range"] = `bytes ${range.start}-${end - 1}/${total}`;
  headers["content-length"] = String(end - range.start);
  return { status: 206, headers, body: content.subarray(range.start, end) };
}

function answerOf(draft: DraftAnswer, fake: FakeOrigin): OriginAnswer {
  const { status, headers, body, cutAfter, pieceBytes = 40_000 } = draft;
  return {
    status,
    header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
    body: (async function* () {
      const end = Math.min(cutAfter ?? body.byteLength, body.byteLength);
      for (let at = 0; at < end; at += pieceBytes) {
        const piece = body.subarray(at, Math.min(end, at + pieceBytes));
        fake.sent += piece.byteLength;
        yield piece;
      }
      if (cutAfter !== undefined && cutAfter <= body.byteLength) throw lineFailure(fake.name);
    })(),
    leave: () => {},
  };
}

/** The usual answer with some bytes of its body changed. */
export function flipped(...places: readonly number[]): Tamper {
  return (draft) => {
    const body = Uint8Array.from(draft.body);
    for (const place of places) if (place < body.byteLength) body[place] = (body[place] ?? 0) ^ 1;
    return { ...draft, body };
  };
}

export function cutAfter(bytes: number): Tamper {
  return (draft) => ({ ...draft, cutAfter: bytes });
}
