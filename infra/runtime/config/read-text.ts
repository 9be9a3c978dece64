import { createReadStream } from "node:fs";
import { TradewindError } from "../errors.ts";
import { mostText } from "./most-text.ts";

/** What people wrote in a file; reads no more of it than a person writes, since a path may lead to a device without end. */
export async function readText(
  file: string,
  { what = file }: { readonly what?: string } = {},
): Promise<string> {
  const bytes = await readStart(file).catch((cause: NodeJS.ErrnoException) => {
    throw new TradewindError("config_invalid", `cannot read ${what} (${cause.code ?? "unknown reason"})`, {
      cause,
    });
  });
  if (bytes.byteLength <= mostText) return bytes.toString("utf8");
  throw new TradewindError("config_invalid", `cannot read ${what}: it is longer than ${mostText} bytes`);
}

/** One byte more than is allowed, which tells a file that is too long. */
async function readStart(file: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file, { end: mostText })) chunks.push(chunk);
  return Buffer.concat(chunks);
}
