import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import {
  checkProof,
  isCanonical,
  type Proof,
  type ProvedCall,
  readProof,
} from "#infra/runtime/devices/proof.ts";
import { type EnrolAnswer, type EnrolAsk, enrolAsk } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Gate } from "#infra/runtime/gate.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createRequestIds } from "#infra/runtime/request-id.ts";
import { deviceWord, enrolDevice, refuseUnknownToken } from "../records/enrolments.ts";
import { readEnrolmentToken } from "./enrolment-token.ts";
import { freshness } from "./freshness.ts";
import { type KnownCall, refused, shown } from "./know-device.ts";
import type { Nonces } from "./nonces.ts";
import { readProved } from "./read-proved.ts";
import type { UsedProofs } from "./used-proofs.ts";

export type EnrolDeps = {
  readonly database: Database;
  readonly nonces: Nonces;
  readonly used: UsedProofs;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Through which tokens are looked for that may be made up. */
  readonly gate: Gate;
};

/**
 * Somebody with a token and a key of its own becomes a device. Keys and proofs anybody can make, so before the token is
 * known to be one nothing is remembered, and nothing is written.
 */
export async function enrol(call: KnownCall, deps: EnrolDeps): Promise<EnrolAnswer> {
  const proof = readProof(shown(call));
  if (proof.sub !== undefined) throw refused("who enrols has no name yet");
  const body = await call.readBody();
  const ask = readProved(body, enrolAsk);
  await checkFirst(proof, { ...call, body }, ask, deps);
  const { hardware, agent } = wordsOf(ask);
  const token = readEnrolmentToken(ask.token);
  const { signal } = call;
  await deps.gate(() => refuseUnknownToken(deps.database.query, token, { signal }));
  if ((await deps.used.note(proof)) === "used") throw refused("it was used before");
  const device = `dev_${createRequestIds(deps.clock, deps.chance)().toLowerCase()}`;
  const first = { number: proof.n, proof: proof.jti };
  const enrolled = await enrolDevice(
    deps.database,
    { token, key: ask.key, hardware, agent, device, first },
    { signal },
  );
  return { device: enrolled.device, models: [...enrolled.models] };
}

/** The key that is brought is the one that proves, and of this moment. */
async function checkFirst(proof: Proof, call: ProvedCall, { key }: EnrolAsk, deps: EnrolDeps): Promise<void> {
  if (!isCanonical(key))
    throw new TradewindError("parameter_invalid", "key.x: expected it in canonical form");
  await checkProof(proof, call, { key });
  freshness(proof, deps);
}

function wordsOf({ hardware, agent }: EnrolAsk): Pick<EnrolAsk, "hardware" | "agent"> {
  for (const [name, word] of Object.entries({ hardware, agent })) {
    const { success, error } = deviceWord.safeParse(word);
    if (!success) throw new TradewindError("parameter_invalid", `${name}: ${error.issues[0]?.message}`);
  }
  return { hardware, agent };
}
