import { CompactSign } from "jose";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readKeyFile, readPem, type SigningKey } from "./signing-key.ts";

/** The only key that a process holds: it says what is the newest, and never what may run. */
export async function openOnlineKey(
  place: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SigningKey> {
  if (!place.startsWith("env:")) return await readKeyFile(place);
  const name = place.slice("env:".length);
  const pem = Object.hasOwn(env, name) ? env[name] : undefined;
  // Many places that keep variables drop line ends.
  if (pem) return readPem(pem.replaceAll("\\n", "\n"), `the variable ${name}`);
  throw new TradewindError("signing_refused", `the variable ${name.slice(0, 128)} holds no key`, {
    hint: "set it to the text of a PEM file, for the process that keeps the repository fresh",
  });
}

/** What a device is to run, in a form that it can hold against the root's online keys. */
export async function signPlan(payload: object, key: SigningKey): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "EdDSA", kid: key.id, typ: "tradewind-plan+jwt" })
    .sign(key.privateKey);
}
