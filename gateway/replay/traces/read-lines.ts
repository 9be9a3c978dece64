import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { mostLine } from "./tally.ts";

/** Stands for a line that nobody should have to hold: too long by one, whatever was in it. */
const overlong = "\0".repeat(mostLine + 1);

/** The lines of a file without their ends, in the memory of one of them. */
export async function* readLines(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<string> {
  const lines = createLines();
  for await (const chunk of openBytes(path, signal)) yield* lines.split(chunk);
  yield* lines.end();
}

function openBytes(path: string, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 262_144, ...(signal && { signal }) });
  if (!path.endsWith(".gz")) return file;
  // Whoever iterates the last of the pipe meets its errors there.
  return pipeline(file, createGunzip({ chunkSize: 262_144 }), () => {});
}

function createLines() {
  let held: Buffer = Buffer.alloc(0);
  let read = 0;
  const take = (end: Buffer): string => {
    const line = held.length === 0 ? end : Buffer.concat([held, end]);
    held = Buffer.alloc(0);
    read++;
    if (line.length > mostLine + 1) return overlong;
    const text = line.toString("utf8", read === 1 && startsWithMark(line) ? 3 : 0);
    return text.endsWith("\r") ? text.slice(0, -1) : text;
  };
  return {
    *split(chunk: Buffer): Generator<string> {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield take(chunk.subarray(from, end));
        from = end + 1;
      }
      // Two bytes more than a line may have are enough to know that it is too long.
      if (held.length < mostLine + 2) held = Buffer.concat([held, chunk.subarray(from, from + mostLine + 2)]);
    },
    *end(): Generator<string> {
      if (held.length > 0) yield take(Buffer.alloc(0));
    },
  };
}

/** Some programs open their text with an invisible mark. */
function startsWithMark(line: Buffer): boolean {
  return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
}
