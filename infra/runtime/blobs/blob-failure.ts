import { TradewindError } from "../errors.ts";

export type Asked = {
  /** Fit for a message: `digits-s/1/model.onnx in s3://models`. */
  readonly what: string;
  readonly version?: string | undefined;
};

/**
 * Whatever a library threw becomes one of ours. Libraries hang requests with signatures and addresses with tokens on
 * their errors, so of theirs only the name and the redacted words are kept.
 */
export function blobFailure(error: unknown, status: number | undefined, asked: Asked): TradewindError {
  if (error instanceof TradewindError) return error;
  const cause = new Error(saying(error, status));
  const { what, version } = asked;
  if (isMissing(status, version)) {
    const gone = version === undefined ? `there is no ${what}` : `this version of ${what} is gone`;
    return new TradewindError("blob_missing", gone, { cause });
  }
  if (status === 416)
    return new TradewindError("blob_invalid", `${what} ends before the range begins`, { cause });
  if (status === 401 || status === 403) {
    return new TradewindError("blob_unavailable", `${what} may not be used with the credentials at hand`, {
      cause,
      hint: "give this process a role that may list, read and write there; a missing blob looks the same to one that may not list",
    });
  }
  return new TradewindError("blob_unavailable", `${what} cannot be reached now`, { cause });
}

/** Of a version id, 405 is a delete marker and 400 an id that never was one; an ETag can be neither. */
function isMissing(status: number | undefined, version: string | undefined): boolean {
  if (status === 404 || status === 412) return true;
  return version !== undefined && !version.startsWith('"') && (status === 400 || status === 405);
}

function saying(error: unknown, status: number | undefined): string {
  const { name = "", code = "", message = "" } = isObject(error) ? error : { message: String(error) };
  const words = [name, code, status].filter((word) => typeof word === "number" || isWord(word)).join(" ");
  if (status !== undefined || typeof message !== "string") return words;
  return `${words}: ${redacted(message)}`.slice(0, 300);
}

function isObject(error: unknown): error is { name?: unknown; code?: unknown; message?: unknown } {
  return typeof error === "object" && error !== null;
}

function isWord(word: unknown): boolean {
  return typeof word === "string" && /^[\w.]{1,64}$/.test(word);
}

/** Signatures are in queries and in pairs of name and value. */
function redacted(message: string): string {
  return message
    .slice(0, 2_000)
    .replace(/\?\S*/g, "?…")
    .replace(
      /\b([\w-]*(?:key|token|secret|sig|signature|password|authorization)[\w-]*)\s*[=:]\s*\S+/gi,
      "$1=…",
    );
}
