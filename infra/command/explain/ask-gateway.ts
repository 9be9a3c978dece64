import { decisionsAnswer } from "#gateway/document/ledger-routes.ts";
import type { Decision } from "#gateway/ledger/decision.ts";
import { readDecision } from "#gateway/ledger/written-decision.ts";
import { type AdminDoor, askAdmin } from "../ask-admin.ts";

export type GatewayAsk = AdminDoor & { readonly requestId: string };

/** The same from a gateway's administrators' door, which also knows what nobody wrote down yet. */
export async function askGateway({ requestId, ...door }: GatewayAsk): Promise<readonly Decision[]> {
  const path = `decisions/${encodeURIComponent(requestId)}`;
  const { decisions } = await askAdmin(door, { path }, decisionsAnswer);
  return decisions.map(readDecision);
}
