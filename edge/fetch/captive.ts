import { edgeHeader } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { OriginAnswer } from "./origin.ts";

/** Who is expected to answer: the gateway says so itself with each answer, a mirror is any server of files. */
export type OriginKind = "gateway" | "mirror";

type Head = Pick<OriginAnswer, "status" | "header">;

/**
 * Why an answer is not from whom it was asked, as in a hotel's network before anybody signed in: undefined where nothing
 * speaks for that. Nothing that such an answer says may be believed, not even that a file is not there.
 */
export function captivity(kind: OriginKind, { status, header }: Head): string | undefined {
  if (status === 511) return "the network asks for a sign-in (511)";
  const isPage = /^\s*(text\/html|application\/xhtml)/i.test(header("content-type") ?? "");
  if (kind === "mirror") return isPage && status >= 200 && status < 300 ? "a web page comes" : undefined;
  if (header(edgeHeader) === "1") return undefined;
  // What stands before a gateway speaks for it while it is away.
  if (status === 407 || status === 429 || status >= 500) return undefined;
  return isPage ? `a web page comes (${status})` : `an answer that is not the gateway's (${status})`;
}

export function captive(name: string, why: string, cause?: unknown): TradewindError {
  return new TradewindError("network_captive", `somebody else answers in the place of ${name}: ${why}`, {
    cause,
    hint: "sign this device in to its network, or let it through to the gateway",
  });
}
