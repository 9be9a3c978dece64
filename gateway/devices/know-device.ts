import type { Clock } from "#infra/runtime/clock.ts";
import {
  checkBody,
  checkSignature,
  type Proof,
  type ProvedCall,
  readProof,
} from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type KnownDevice, type NotTaken, takeNumber, whyNotTaken } from "../records/device-numbers.ts";
import { setAside } from "../records/devices.ts";
import type { DeviceKeys } from "./device-keys.ts";
import { type Fresh, freshness } from "./freshness.ts";
import type { Nonces } from "./nonces.ts";
import type { UsedProofs } from "./used-proofs.ts";

export type KnowDeviceDeps = {
  readonly database: Database;
  readonly keys: DeviceKeys;
  readonly nonces: Nonces;
  readonly used: UsedProofs;
  readonly clock: Pick<Clock, "now">;
};

/** A call as it stands before its body was read. */
export type KnownCall = Omit<ProvedCall, "body"> & {
  readonly proof: string | undefined;
  readonly readBody: () => Promise<Buffer>;
  readonly signal: AbortSignal;
};

export type Known = {
  readonly device: KnownDevice;
  readonly proof: Proof;
  readonly body: Buffer;
  /** For its next call, where its clock is off. */
  readonly nonce: string | undefined;
};

/**
 * Who calls, by its proof. Each step costs a stranger more than us: what can be read, the key on record, its signature,
 * the moment, only then the body, then whether the proof came already, and last the one write that lets it in.
 */
export async function knowDevice(call: KnownCall, deps: KnowDeviceDeps): Promise<Known> {
  const { signal } = call;
  const proof = readProof(shown(call));
  const { device, key } = await deps.keys.find(proof.kid, { signal });
  if (proof.sub !== device) throw refused("it names another device than its key's");
  await checkSignature(proof, call, { key });
  const fresh = freshness(proof, deps);
  const body = await call.readBody();
  checkBody(proof, body);
  const known = await letIn({ proof, device, fresh, signal }, deps);
  return { device: known, proof, body, nonce: fresh.byNonce ? deps.nonces.make(proof.kid) : undefined };
}

/** Throws where no proof came along. */
export function shown({ proof }: Pick<KnownCall, "proof">): string {
  if (proof === undefined) throw refused("none came with the call");
  return proof;
}

type Entry = {
  readonly proof: Proof;
  readonly device: string;
  readonly fresh: Fresh;
  readonly signal: AbortSignal;
};

async function letIn(entry: Entry, deps: KnowDeviceDeps): Promise<KnownDevice> {
  const { proof, device, signal } = entry;
  const { database, used } = deps;
  const seen = await used.note(proof);
  if (seen === "used") throw refused("it was used before");
  const ask = { device, kid: proof.kid, number: proof.n, proof: proof.jti };
  const known = await takeNumber(database, ask, { signal });
  if (known) return known;
  const not = await whyNotTaken(database, ask, { signal });
  const why = signOfCopy(not, { isNew: seen === "new", madeAt: entry.fresh.madeAt, now: deps.clock.now() });
  if (why !== undefined) await setAside(database, { id: device, why }, { signal });
  throw why === undefined ? refusalOf(not) : revoked(`it was set aside: ${why}`);
}

/** A call that went out this long ago may have been overtaken by hundreds; one that was made just now was not. */
const overtakenMs = 5_000;

type Sign = { readonly isNew: boolean; readonly madeAt: number; readonly now: number };

/**
 * One device gives each number to one proof and counts upwards, so what does neither is two devices. Whoever merely sends
 * a proof a second time, as a proxy that tries again or a listener on the line, is refused and sets nobody aside.
 */
function signOfCopy(not: NotTaken, { isNew, madeAt, now }: Sign): string | undefined {
  if (not.why === "used" && (not.by === "other" || (not.by === "unsure" && isNew)))
    return "two proofs with one number came by its key, so there is a copy of it";
  if (not.why === "far_below" && now - madeAt <= overtakenMs)
    return "a proof with a number long past came by its key, so there is a copy of it";
  return undefined;
}

function refusalOf(not: NotTaken): TradewindError {
  if (not.why === "revoked") return revoked("it was revoked");
  if (not.why === "set_aside") return revoked(`it was set aside: ${not.reason}`);
  if (not.why === "key_ended") return refused("its key was exchanged, and has ended since");
  if (not.why === "unknown") return refused("no device on record has its key");
  return refused("its number was used before");
}

function revoked(why: string): TradewindError {
  return new TradewindError("device_revoked", `nothing is taken from this device: ${why}`);
}

export function refused(why: string): TradewindError {
  return new TradewindError("proof_refused", `the proof is refused: ${why}`);
}
