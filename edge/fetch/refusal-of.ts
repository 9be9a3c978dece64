import { isErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import type { OriginAnswer } from "./origin.ts";
import { readBounded } from "./read-bounded.ts";

const mostBytes = 16_384;

/** The codes with which a gateway may turn a device away; whatever else it says is not for this side to repeat. */
const known: Readonly<Record<string, string>> = {
  proof_refused: "the gateway does not take this device's proof",
  proof_stale: "the gateway does not believe this device's clock",
  device_revoked: "the gateway does not serve this device any longer",
  forbidden: "the gateway does not let this device have that",
};

/** Why a gateway refuses, by the code of its problem details. */
export async function refusalOf(answer: OriginAnswer, name: string): Promise<TradewindError> {
  const { status } = answer;
  const code = await codeIn(answer);
  const said = code === undefined ? undefined : known[code];
  if (code !== undefined && said !== undefined && isErrorCode(code)) {
    return new TradewindError(code, `${said} (${name})`, {
      hint: "see the device in tradewind status devices",
    });
  }
  return new TradewindError("repository_unreachable", `${name} refuses this device with status ${status}`);
}

async function codeIn(answer: OriginAnswer): Promise<string | undefined> {
  try {
    const said: unknown = JSON.parse(
      Buffer.from(await readBounded(answer, { maxBytes: mostBytes })).toString(),
    );
    const code = typeof said === "object" && said !== null && "code" in said ? said.code : undefined;
    return typeof code === "string" && Object.hasOwn(known, code) ? code : undefined;
  } catch {
    return undefined;
  }
}
