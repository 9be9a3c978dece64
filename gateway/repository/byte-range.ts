/** Which bytes of a file are asked for. */
export type AskedRange =
  | { readonly kind: "from"; readonly start: number; readonly end: number }
  /** The last so many. */
  | { readonly kind: "last"; readonly bytes: number };

/** One range of bytes; several, or what is none, are as if nothing had been said. */
export function readByteRange(header: string | undefined): AskedRange | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (from === "") return to === "" ? undefined : { kind: "last", bytes: Number(to) };
  const [start, end] = [Number(from), to === "" ? Number.MAX_SAFE_INTEGER : Number(to) + 1];
  return end > start ? { kind: "from", start, end } : undefined;
}

/** What of a file of so many bytes that is; undefined where nothing is. */
export function rangeWithin(
  asked: AskedRange,
  totalBytes: number,
): { readonly start: number; readonly end: number } | undefined {
  const start = asked.kind === "from" ? asked.start : Math.max(0, totalBytes - asked.bytes);
  const end = asked.kind === "from" ? Math.min(asked.end, totalBytes) : totalBytes;
  return start < end ? { start, end } : undefined;
}
