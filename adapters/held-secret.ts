import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { readSecret, type SecretSource } from "./secret-source.ts";
import type { Surroundings } from "./surroundings.ts";

/** A secret at hand for every call. */
export type HeldSecret = {
  readonly now: () => string;
  /** Reads it again where it may have changed; what cannot be read leaves it as it was. */
  readonly refresh: () => Promise<void>;
};

/** Throws where a secret is none for its use. */
export type CheckSecret = (secret: string) => unknown;

/** Read once before anything is called; a file may hold another one later, a variable may not. */
export async function holdSecret(
  source: SecretSource,
  surroundings: Pick<Surroundings, "env">,
  check: CheckSecret = () => {},
): Promise<HeldSecret> {
  const read = async (): Promise<string> => {
    const secret = await readSecret(source, surroundings);
    check(secret);
    return secret;
  };
  let held = await read();
  return {
    now: () => held,
    refresh: async () => {
      if ("env" in source) return;
      try {
        held = await read();
      } catch (error) {
        sideConcernSkipped.publish({ what: "reading a secret again", detail: source.file, error });
      }
    },
  };
}
