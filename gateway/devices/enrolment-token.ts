import { TradewindError } from "#infra/runtime/errors.ts";

/** The two parts of a token that are for us; what follows a second dot is for the device, which may send it or not. */
export type EnrolmentToken = { readonly id: string; readonly secret: string };

export function readEnrolmentToken(text: string): EnrolmentToken {
  const [, id = "", secret = ""] = /^(enr_[0-9a-f]{12})\.([\w-]{32})(?:\.[\w-]{0,100})?$/.exec(text) ?? [];
  if (id === "") throw new TradewindError("enrolment_refused", "this is no enrolment token");
  return { id, secret };
}
