import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { callSecrets, signatureHeader, signCall } from "#infra/runtime/signed-call.ts";
import type { Authorize } from "./authorize.ts";

export type SignOptions = {
  /** As it is at the moment of a call; of several behind commas the first signs. */
  readonly secret: () => string;
  readonly clock: Pick<Clock, "now">;
  readonly chance: Pick<Chance, "bytes">;
};

/** Calls that a backend started with `--signed-calls` lets in. */
export function signCalls({ secret, clock, chance }: SignOptions): Authorize {
  const newestOf = createNewest();
  const nonces = createNonces(chance);
  return (call) => [
    signatureHeader,
    signCall(call, { secret: newestOf(secret()), moment: Math.floor(clock.now()), nonce: nonces() }),
  ];
}

/** The text is taken apart when it is another, and not for each image. */
function createNewest(): (text: string) => string {
  let known: { readonly text: string; readonly newest: string } | undefined;
  return (text) => {
    if (known?.text === text) return known.newest;
    const [newest] = callSecrets(text, "what signs calls");
    known = { text, newest };
    return newest;
  };
}

/** By chance apart from every other signer's, and by number from its own others. */
function createNonces(chance: Pick<Chance, "bytes">): () => string {
  const own = Buffer.from(chance.bytes(12)).toString("base64url");
  let calls = 0;
  return () => {
    calls += 1;
    return `${own}-${calls.toString(36)}`;
  };
}
