import { TradewindError } from "#infra/runtime/errors.ts";

export type EnrolToken = {
  /** For the gateway. */
  readonly token: string;
  /** SHA-256 of the first root, in hex: for the device alone, which trusts nothing else it hears of the repository. */
  readonly rootSha256: string;
};

/** `<id>.<secret>.<SHA-256 of the first root>`, as `tradewind devices enrol` prints it. */
export function readToken(text: string): EnrolToken {
  const [, token, root] = /^([\w-]{1,80}\.[\w-]{8,120})\.([\w-]{43})$/.exec(text.trim()) ?? [];
  if (token !== undefined && root !== undefined)
    return { token, rootSha256: Buffer.from(root, "base64url").toString("hex") };
  // The token itself is a secret.
  throw new TradewindError("config_invalid", "this is no enrolment token", {
    hint: "give it whole, with both of its dots, as tradewind devices enrol printed it",
  });
}
