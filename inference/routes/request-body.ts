import type { Context } from "hono";
import { promisedBodyOf, readPromisedBody } from "#inference/signed-calls.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Requests that only ask or steer are small. */
const limits = { maxBytes: 1_048_576, timeoutMs: 10_000 };

/** The body of a request that steers the server; clients leave it out where they have nothing to say. */
export async function readSmallBody(c: Context): Promise<Buffer> {
  try {
    return await readPromisedBody(c, limits);
  } catch (error) {
    if (!(error instanceof TradewindError && error.code === "body_empty")) throw error;
    promisedBodyOf(c)?.check(undefined);
    return Buffer.alloc(0);
  }
}

/** The body as a JSON object; nothing is an empty one. */
export async function readJsonObject(c: Context): Promise<Readonly<Record<string, unknown>>> {
  const body = await readSmallBody(c);
  if (body.byteLength === 0) return {};
  const value = parse(body);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TradewindError("request_malformed", "the body is no JSON object");
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new TradewindError("request_malformed", "the body is not JSON", { cause });
  }
}
