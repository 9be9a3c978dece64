export type Answer = {
  readonly status: number;
  /** By names in lower case; what stands twice is joined, as HTTP has it. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

export type Read = {
  readonly answers: readonly Answer[];
  /** What is no whole answer. */
  readonly rest: Buffer;
};

/** The answers in what a connection brought, one behind the other; interim ones (100 Continue) are passed over. */
export function readAnswers(bytes: Buffer, { headless = false }: { readonly headless?: boolean } = {}): Read {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const one = readOne(rest, headless);
    if (!one) break;
    rest = one.rest;
    if (one.answer.status >= 200) answers.push(one.answer);
  }
  return { answers, rest };
}

type One = { readonly answer: Answer; readonly rest: Buffer };

function readOne(bytes: Buffer, headless: boolean): One | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return undefined;
  const headers = readHeaders(lines);
  const framed = bytes.subarray(end + 4);
  const bodiless = headless || status < 200 || status === 204 || status === 304;
  const body = bodiless ? { body: Buffer.alloc(0), rest: framed } : readBody(headers, framed);
  return body && { answer: { status, headers, body: body.body }, rest: body.rest };
}

function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

type Body = { readonly body: Buffer; readonly rest: Buffer };

function readBody(headers: ReadonlyMap<string, string>, bytes: Buffer): Body | undefined {
  if (headers.get("transfer-encoding") === "chunked") return readChunks(bytes);
  const length = headers.get("content-length");
  // Neither: it goes on until the end of the connection.
  if (length === undefined) return { body: bytes, rest: Buffer.alloc(0) };
  if (!/^\d+$/.test(length) || Number(length) > bytes.length) return undefined;
  return { body: bytes.subarray(0, Number(length)), rest: bytes.subarray(Number(length)) };
}

function readChunks(bytes: Buffer): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf("\r\n", at);
    const size = line < 0 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, line), 16);
    const start = line + 2;
    if (Number.isNaN(size) || start + size + 2 > bytes.length) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(start + 2) };
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}
