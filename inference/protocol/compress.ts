import { promisify } from "node:util";
import { constants, deflate, gunzip, gzip, inflate } from "node:zlib";
import { TradewindError } from "#infra/runtime/errors.ts";

export type Encoding = "gzip" | "deflate";

/** A request's body as it was before its client compressed it. Nothing else than gzip and deflate is taken. */
export async function decompress(
  body: Buffer,
  contentEncoding: string | undefined,
  { maxBytes }: { readonly maxBytes: number },
): Promise<Buffer> {
  const name = (contentEncoding ?? "").trim().toLowerCase();
  if (name === "" || name === "identity") return body;
  const expand = Object.hasOwn(expanders, name) ? expanders[name] : undefined;
  if (!expand) {
    const message = `Content-Encoding '${name.slice(0, 40)}' is not supported, only one of gzip and deflate`;
    throw new TradewindError("encoding_unsupported", message);
  }
  try {
    return await expand(body, { maxOutputLength: maxBytes });
  } catch (error) {
    throw expandError(error, name, maxBytes);
  }
}

const expanders: Readonly<
  Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
};

function expandError(error: unknown, name: string, maxBytes: number): TradewindError {
  if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
    const message = `the body is larger than the ${maxBytes} bytes allowed here once it is decompressed`;
    return new TradewindError("body_too_large", message, { cause: error });
  }
  return new TradewindError("request_malformed", `the body is not what Content-Encoding says, ${name}`, {
    cause: error,
  });
}

/**
 * The encoding that an answer should have. A client that names one of ours, or weighs them, wants it; a list that just
 * names both is what its library always sends, and compressing numbers costs more than it saves. Never another one:
 * clients of the protocol read only these.
 */
export function chooseEncoding(acceptEncoding: string | undefined): Encoding | undefined {
  const weights = weightsOf(acceptEncoding ?? "");
  const any = weights.get("*");
  const ours = candidates
    .map((name) => ({ name, weight: weights.get(name) ?? any ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  const [best] = ours;
  if (!best) return undefined;
  const identity = weights.get("identity") ?? (any === 0 ? 0 : undefined);
  if (identity === 0) return best.name;
  if (identity !== undefined && identity >= best.weight) return undefined;
  const named = ours.filter(({ name }) => weights.has(name));
  const isWish = named.length === 1 || (named.length > 1 && best.weight !== named.at(-1)?.weight);
  return isWish && weights.has(best.name) ? best.name : undefined;
}

const candidates: readonly Encoding[] = ["gzip", "deflate"];

/** Longer lists say nothing that shorter ones do not. */
const maxHeaderLength = 1_000;

function weightsOf(header: string): ReadonlyMap<string, number> {
  const entries = header
    .slice(0, maxHeaderLength)
    .split(",")
    .map((entry): [string, number] => {
      const [name = "", ...rest] = entry.split(";").map((part) => part.trim().toLowerCase());
      const weight = rest.find((part) => part.startsWith("q="))?.slice(2) ?? "1";
      return [name, /^[01](\.\d{0,3})?$/.test(weight) ? Math.min(1, Number(weight)) : 0];
    });
  return new Map(entries.filter(([name]) => name !== ""));
}

export type Compressed = { readonly body: Uint8Array; readonly encoding: Encoding | undefined };

/** An answer's body in the encoding chosen for it, or as it is where compressing gains nothing. */
export async function compress(body: Uint8Array, encoding: Encoding | undefined): Promise<Compressed> {
  if (encoding === undefined || body.byteLength < worthwhile) return { body, encoding: undefined };
  const smaller = await shrinkers[encoding](body, { level: constants.Z_BEST_SPEED });
  return smaller.byteLength < body.byteLength ? { body: smaller, encoding } : { body, encoding: undefined };
}

/** Below it an answer fits one packet either way. */
const worthwhile = 1_024;

const shrinkers = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;
