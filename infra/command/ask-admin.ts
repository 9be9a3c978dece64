import { z } from "zod";
import { isErrorCode, TradewindError } from "#infra/runtime/errors.ts";

export type AdminDoor = { readonly url: string; readonly key: string | undefined };

export type AdminAsk = {
  /** Below `/v1/admin/`. */
  readonly path: string;
  readonly method?: "GET" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** Asks a gateway's administrators' door; whatever is no success is thrown as the gateway says it. */
export async function askAdmin<Schema extends z.ZodType>(
  { url, key }: AdminDoor,
  { path, method = "GET", headers = {}, body }: AdminAsk,
  schema: Schema,
): Promise<z.output<Schema>> {
  if (key === undefined)
    throw new TradewindError("key_missing", "asking a gateway takes --key, or TRADEWIND_KEY");
  const address = addressOf(url, path);
  const init = {
    method,
    headers: { ...headers, "x-api-key": key },
    // A redirect would carry the key to wherever it leads.
    redirect: "error",
    signal: AbortSignal.timeout(30_000),
    ...(body !== undefined && { body }),
  } as const;
  const response = await fetch(address, init).catch((cause: unknown) => {
    throw new TradewindError("backend_unreachable", `nobody answers at ${address.origin}`, { cause });
  });
  const answer = parseJson(await readText(response));
  if (!response.ok) throw refused(response.status, answer);
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw new TradewindError("backend_answer_invalid", `${address.origin} is no gateway of this version`);
}

/** Longer answers than that have no gateway at their other end. */
const mostBytes = 16_777_216;

function addressOf(url: string, path: string): URL {
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return new URL(`/v1/admin/${path}`, url);
  throw new TradewindError("config_invalid", "--url: expected http://HOST:PORT or https://HOST");
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > mostBytes) throw new TradewindError("backend_answer_invalid", "the answer has no end");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const problem = z.object({ code: z.string(), detail: z.string().max(20_000) });

function refused(status: number, body: unknown): TradewindError {
  const told = problem.safeParse(body);
  if (told.success && isErrorCode(told.data.code))
    return new TradewindError(told.data.code, told.data.detail);
  return new TradewindError("backend_answer_invalid", `the gateway answered with ${status}`);
}
