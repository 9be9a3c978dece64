import { TradewindError } from "#infra/runtime/errors.ts";

/** A line or a server that failed; the same may go on later. */
export function lineFailure(name: string, why?: string, cause?: unknown): TradewindError {
  const { said, hint } = why === undefined ? reasonOf(cause) : { said: why, hint: undefined };
  return new TradewindError("repository_unreachable", `nothing can be fetched from ${name}: ${said}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

export function tooSlow(name: string, cause: unknown): TradewindError {
  return lineFailure(name, "it sends next to nothing", cause);
}

type Reason = { readonly said: string; readonly hint: string | undefined };

function reasonOf(error: unknown): Reason {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (/CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code)) {
    return {
      said: `its certificate is not good for it (${code})`,
      hint: "see whether this device's clock is right, and who stands between it and the server",
    };
  }
  if (["ENOTFOUND", "EAI_AGAIN"].includes(code)) return { said: "its name is not known", hint: undefined };
  if (code === "ECONNREFUSED" || /TIMEOUT|UNREACH/.test(code))
    return { said: `it is not reached (${code})`, hint: undefined };
  return { said: code === "" ? "the line broke" : `the line broke (${code})`, hint: undefined };
}
