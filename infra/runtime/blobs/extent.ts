import type { Extent, GetRequest } from "./bucket.ts";

/** What an answer's headers say of its body: `bytes 5-9/100`, or the length of the whole. Anything else is refused. */
export function extentFrom(
  asked: GetRequest["range"],
  contentRange: string | undefined,
  contentLength: number | undefined,
): Extent {
  const part = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(contentRange ?? "");
  if (part) return partOf(asked, Number(part[1]), Number(part[2]) + 1, Number(part[3]));
  if (asked) throw new Error("the server ignored the range");
  if (contentLength === undefined || !Number.isSafeInteger(contentLength) || contentLength < 0) {
    throw new Error("the server did not say how many bytes come");
  }
  return { start: 0, bytes: contentLength, totalBytes: contentLength };
}

function partOf(asked: GetRequest["range"], start: number, end: number, totalBytes: number): Extent {
  const [from, to] = asked ? [asked.start, Math.min(asked.end, totalBytes)] : [0, totalBytes];
  if (start === from && end === to && start < end) return { start, bytes: end - start, totalBytes };
  throw new Error("the server sent another range than was asked");
}
