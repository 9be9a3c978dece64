import { TradewindError } from "#infra/runtime/errors.ts";

/** A compressed image would be decompressed for nothing, and a bomb for worse. */
export function refuseEncoded(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || contentEncoding === "identity") return;
  const why = `content-encoding ${contentEncoding.slice(0, 32)} is not accepted, images are compressed already`;
  throw new TradewindError("encoding_unsupported", why);
}
