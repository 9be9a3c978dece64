import type { Context } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readBody } from "#infra/runtime/read-body.ts";

/** A yes or no in a small JSON body, which clients leave out where they have nothing to say. */
export async function readFlag(c: Context, name: string, onBytes: (bytes: number) => void): Promise<boolean> {
  const value = parse(await readSmallBody(c, onBytes))[name] ?? false;
  if (typeof value === "boolean") return value;
  throw new TradewindError("request_malformed", `'${name}' is neither true nor false`);
}

const limits = { maxBytes: 65_536, timeoutMs: 10_000 };

async function readSmallBody(c: Context, onBytes: (bytes: number) => void): Promise<string> {
  try {
    return (await readBody(c, { ...limits, onBytes })).toString("utf8");
  } catch (error) {
    if (error instanceof TradewindError && error.code === "body_empty") return "{}";
    throw error;
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TradewindError("request_malformed", "the body is no JSON object");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TradewindError("request_malformed", "the body is not JSON", { cause });
  }
}
