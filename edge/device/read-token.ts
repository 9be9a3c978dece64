import { TradewindError } from "#infra/runtime/errors.ts";

export type EnrolToken = {
  /** For the gateway. */
  readonly token: string;
  /** SHA-256 of the first root, in hex: for the device alone. Undefined where the root is to be brought by hand. */
  readonly rootSha256: string | undefined;
};

/** `<id>.<secret>.<SHA-256 of the first root>`, as `tradewind devices enrol` prints it; the last part may be missing. */
export function readToken(text: string): EnrolToken {
  const [, token, root] = /^([\w-]{1,80}\.[\w-]{8,120})(?:\.([\w-]{43}))?$/.exec(text.trim()) ?? [];
  if (token !== undefined)
    return { token, rootSha256: root && Buffer.from(root, "base64url").toString("hex") };
  // The token itself is a secret.
  throw new TradewindError("enrolment_refused", "this is no enrolment token", {
    hint: "give it whole, with its dots, as tradewind devices enrol printed it",
  });
}
