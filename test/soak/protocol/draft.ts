import type { Images } from "../wrong-input/images.ts";

/** What the requests are sent at. */
export type Aim = { readonly host: string; readonly images: Images };

export type Headers = readonly (readonly [name: string, value: string])[];

/** A request in its parts, to be spoilt before it becomes bytes. */
export type Draft = {
  readonly method: string;
  readonly path: string;
  /** Beside those that frame it; one that is named here stands in place of the usual one. */
  readonly headers: Headers;
  /** The JSON part, as a value or as text; undefined where there is none. */
  readonly json: unknown;
  /** The bytes behind the JSON part. */
  readonly tail: Buffer;
};

/** A request as bytes on a socket, and what may become of it. */
export type Mutated = {
  /** What was done to it; with the seed and the index it can be made again. */
  readonly kind: string;
  /** Written one after the other, with pauses between where it is slow. */
  readonly bytes: readonly Buffer[];
  readonly slow: boolean;
  /** Our side waits for the answer, says that nothing more comes, or is gone at once. */
  readonly end: "waits" | "leaves" | "cuts";
  /** The bytes are no whole HTTP request: an end without an answer is right, too. */
  readonly unframed: boolean;
  /** Requests in the bytes. */
  readonly requests: number;
};

export type Made = Pick<Mutated, "bytes"> & Partial<Omit<Mutated, "kind" | "bytes">>;

/** Text that stands in the JSON as it is, quotes and all left out: numbers that no value has, brackets without end. */
export function raw(text: string): string {
  return `\u0001${text}\u0001`;
}

/** A key that is written as `name` though an object has that key already. */
export function again(name: string): string {
  return `${name}\u0002`;
}

export function jsonBytes(json: unknown): Buffer {
  if (json === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(json)) return json;
  const text = JSON.stringify(json) ?? "";
  const written = text.replace(/"\\u0001(.*?)\\u0001"/g, (_, inner: string) => JSON.parse(`"${inner}"`));
  return Buffer.from(written.replaceAll("\\u0002", ""));
}

/** The bytes of a draft, framed as they should be. */
export function render({ host }: Pick<Aim, "host">, draft: Draft): Buffer {
  const json = jsonBytes(draft.json);
  const body = Buffer.concat([json, draft.tail]);
  const usual: [string, string][] = [
    ["host", host],
    ["connection", "close"],
  ];
  if (draft.method !== "GET" || body.length > 0) usual.push(["content-length", `${body.length}`]);
  if (draft.tail.length > 0) usual.push(["inference-header-content-length", `${json.length}`]);
  return message(draft, usual, body);
}

/** The same with the body given, whatever the draft holds. */
export function renderBody(
  { host }: Pick<Aim, "host">,
  draft: Draft,
  body: Buffer,
  framing: Headers = [],
): Buffer {
  const usual: Headers = [
    ["host", host],
    ["connection", "close"],
    ...(framing.length > 0 ? framing : ([["content-length", `${body.length}`]] as const)),
  ];
  return message(draft, usual, body);
}

function message({ method, path, headers }: Draft, usual: Headers, body: Buffer): Buffer {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const all = [...usual.filter(([name]) => !given.has(name)), ...headers];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, "latin1"), body]);
}

/** What becomes of a draft that needs no more than to be sent. */
export function sent(aim: Aim, draft: Draft, made: Partial<Made> = {}): Made {
  return { bytes: [render(aim, draft)], ...made };
}
