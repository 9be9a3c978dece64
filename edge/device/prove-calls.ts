import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import {
  newProofHeader,
  nonceHeader,
  type ProvedCall,
  proofHeader,
  proofId,
  signProof,
} from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { StateStore } from "../store/device-state.ts";
import type { DeviceKeys, HeldKey } from "./device-keys.ts";
import type { ProofNumbers } from "./proof-numbers.ts";

/** What an answer says to whoever proved a call. */
export type Heard = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
};

export type ProvenCall = ProvedCall & {
  /** Goes along with a proof by the key to come. */
  readonly withSuccessor?: boolean;
  /** By whoever has no name yet. */
  readonly isNameless?: boolean;
};

export type Prover = {
  /**
   * Sends a call with its proof, and once more where the gateway wants it otherwise: with its nonce, since the clock
   * here is off, or by the other key, since a power cut fell into a change of keys. One call after the other: a number
   * that arrives after a larger one is what a copy of this device would send.
   */
  readonly prove: <Answer extends Heard>(
    call: ProvenCall,
    send: (headers: Readonly<Record<string, string>>) => Promise<Answer>,
  ) => Promise<Answer>;
  /** The headers alone, for whoever sends the call himself and was given a nonce or not. */
  readonly headersFor: (
    call: ProvedCall & { readonly nonce?: string | undefined },
  ) => Promise<Readonly<Record<string, string>>>;
};

export type ProverOptions = {
  readonly keys: DeviceKeys;
  readonly store: Pick<StateStore, "state">;
  readonly numbers: ProofNumbers;
  readonly clock: Clock;
  readonly chance: Chance;
};

/** It is good for 120 s there. */
const nonceGoodMs = 90_000;

export function createProver(options: ProverOptions): Prover {
  const { keys, clock } = options;
  let nonce: { readonly text: string; readonly atMs: number } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const goodNonce = (): string | undefined =>
    nonce !== undefined && clock.elapsed() - nonce.atMs < nonceGoodMs ? nonce.text : undefined;

  const once = async <Answer extends Heard>(
    { withSuccessor = false, isNameless = false, ...call }: ProvenCall,
    by: HeldKey,
    send: (headers: Readonly<Record<string, string>>) => Promise<Answer>,
  ): Promise<Answer> => {
    const other = withSuccessor ? keys.successor() : undefined;
    const headers = await proofs(call, { by, other, nonce: goodNonce(), isNameless }, options);
    const answer = await send(headers);
    const given = answer.header(nonceHeader);
    if (given !== undefined) nonce = { text: given, atMs: clock.elapsed() };
    return answer;
  };

  const prove: Prover["prove"] = async (call, send) => {
    const current = keys.current();
    if (!current) throw noKey();
    let answer = await once(call, current, send);
    if (wantsNonce(answer)) answer = await once(call, current, send);
    const successor = keys.successor();
    if (answer.status !== 401 || wantsNonce(answer) || !successor || call.withSuccessor) return answer;
    let other = await once(call, successor, send);
    if (wantsNonce(other)) other = await once(call, successor, send);
    if (other.status === 401) return answer;
    await keys.turn();
    return other;
  };
  return {
    headersFor: async ({ nonce: given, ...call }) => {
      const by = keys.current();
      if (!by) throw noKey();
      return await proofs(call, { by, nonce: given ?? goodNonce() }, options);
    },
    prove: (call, send) => {
      const mine = turn.then(() => prove(call, send));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

function wantsNonce({ status, header }: Heard): boolean {
  return status === 401 && header(nonceHeader) !== undefined;
}

type ProofOf = {
  readonly by: HeldKey;
  readonly other?: HeldKey | undefined;
  readonly nonce: string | undefined;
  readonly isNameless?: boolean;
};

async function proofs(
  call: ProvedCall,
  { by, other, nonce, isNameless = false }: ProofOf,
  { store, numbers, clock, chance }: ProverOptions,
): Promise<Record<string, string>> {
  const device = isNameless ? null : store.state.identity.device;
  const shared = {
    number: await numbers.next(),
    now: clock.now(),
    id: proofId(chance),
    chance,
    ...(device !== null && { device }),
    ...(nonce !== undefined && { nonce }),
  };
  const proof = await signProof(call, { ...shared, key: by.key });
  return {
    [proofHeader]: proof,
    ...(other && { [newProofHeader]: await signProof(call, { ...shared, key: other.key }) }),
  };
}

function noKey(): TradewindError {
  return new TradewindError("enrolment_refused", "this device has no key yet", {
    hint: "start it once with --enrol and a token of tradewind devices enrol",
  });
}
