import type { Random } from "../../support/random.ts";
import type { Images } from "./images.ts";

/** A request as bytes on a socket, so that nothing on our side tidies it up. */
export type WrongRequest = {
  /** What was done to it; with the seed and the index it can be made again. */
  readonly kind: string;
  readonly bytes: readonly Buffer[];
  /** Our side of the connection ends after the last byte, as when a client leaves half-way. */
  readonly leaves: boolean;
  /** A spoilt image may still decode, and a strange header may be harmless: then 200 is right. */
  readonly mayPass: boolean;
  /** The bytes are no whole HTTP request: a closed connection without an answer is right, too. */
  readonly unframed: boolean;
};

export type Target = {
  readonly host: string;
  readonly path: string;
  readonly key: string;
  readonly images: Images;
};

export type Made = { readonly bytes: readonly Buffer[] } & Partial<Omit<WrongRequest, "kind" | "bytes">>;
export type Mutator = (target: Target, random: Random) => Made;

export type Parts = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer;
};

export const jpeg = { "content-type": "image/jpeg" };

/** A whole request, good but for the parts given. */
export function plain(target: Target, parts: Parts, made: Partial<Made> = {}): Made {
  return { bytes: [request(target, parts)], ...made };
}

/** The bytes of `plain`, for those who cut or lengthen them. */
export function request(
  target: Target,
  { method = "POST", path = target.path, headers = jpeg, body }: Parts,
): Buffer {
  const content = body ?? target.images.jpeg;
  const all: Readonly<Record<string, string | undefined>> = {
    host: target.host,
    authorization: `Bearer ${target.key}`,
    connection: "close",
    "content-length": String(content.length),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1"),
    content,
  ]);
}

export function pick<T>(choices: readonly T[], random: Random): T {
  return choices[random.integer(0, choices.length - 1)] as T;
}
