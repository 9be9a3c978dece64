import type { ErrorCode } from "#infra/runtime/errors.ts";
import type { Random } from "../../support/random.ts";
import type { Mutated } from "../protocol/draft.ts";
import type { Images } from "./images.ts";

/** A request as bytes on a socket, so that nothing on our side tidies it up. */
export type WrongRequest = Mutated & {
  /** A spoilt image may still decode, and a strange header may be harmless: then success is right. */
  readonly mayPass: boolean;
  /** Each answer must be a success, and one to an image must tell what is in the good one. */
  readonly isGood: boolean;
  /** In a chain of several: which of them are good. */
  readonly goodAt: readonly number[];
  /** What else this one may be told, beside what any may be. */
  readonly allows: readonly ErrorCode[];
};

export type Target = {
  readonly host: string;
  readonly path: string;
  /** It may do everything, without limits. */
  readonly key: string;
  /** It may ask for images, little and seldom, and from `allowedOrigin`. */
  readonly limitedKey: string;
  /** Where nobody may be led: whoever connects there was tricked. */
  readonly trap: string;
  readonly images: Images;
};

export const allowedOrigin = "https://app.example.com";

/** Stands in what is nobody's business: keys, file names, what cameras write. No log may hold it. */
export const canary = "tw-canary-8f3a61";

export type Made = { readonly bytes: readonly Buffer[] } & Partial<Omit<WrongRequest, "kind" | "bytes">>;
export type Mutator = (target: Target, random: Random) => Made;

export type Headers = Readonly<Record<string, string | undefined>>;

export type Parts = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Headers;
  readonly body?: Buffer;
};

export const jpeg = { "content-type": "image/jpeg" };
export const json = { "content-type": "application/json" };

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
  const all: Headers = {
    host: target.host,
    authorization: `Bearer ${target.key}`,
    connection: "close",
    "content-length": String(content.length),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), content]);
}

export const nothing = Buffer.alloc(0);

/** A question without a body. */
export function ask(target: Target, path: string, headers: Headers = {}, method = "GET"): Made {
  return plain(target, { method, path, headers: { "content-length": undefined, ...headers }, body: nothing });
}

/** JSON at some path, as a value or as the text that it is. */
export function postJson(target: Target, value: unknown, parts: Parts = {}): Made {
  const text = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value) ?? "");
  return plain(target, { ...parts, headers: { ...json, ...parts.headers }, body: text });
}

export function pick<T>(choices: readonly T[], random: Random): T {
  return choices[random.integer(0, choices.length - 1)] as T;
}
