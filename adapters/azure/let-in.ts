import { callSecrets } from "#infra/runtime/signed-call.ts";
import type { Authorize } from "../authorize.ts";
import { holdSecret } from "../held-secret.ts";
import { signCalls } from "../sign-calls.ts";
import type { Surroundings } from "../surroundings.ts";
import type { AzureSettings } from "./azure-settings.ts";
import { azureCredential } from "./credential.ts";
import { entraCalls } from "./entra-calls.ts";

/** How the backends let us in; nothing is sent where they let in anybody. */
export type LettingIn = {
  readonly authorize: Authorize | undefined;
  /** Looks for a secret that was exchanged meanwhile. */
  readonly refresh: () => Promise<void>;
};

const nothingToRefresh = async (): Promise<void> => {};

export async function letIn(
  { auth, audience, sign }: AzureSettings,
  surroundings: Surroundings,
): Promise<LettingIn> {
  const { clock, chance } = surroundings;
  if (auth === "entra" && audience !== undefined) {
    const authorize = entraCalls({ credential: await azureCredential(), audience, clock });
    return { authorize, refresh: nothingToRefresh };
  }
  if (!sign) return { authorize: undefined, refresh: nothingToRefresh };
  const secret = await holdSecret(sign.secret, surroundings, (text) => callSecrets(text, "what signs calls"));
  return { authorize: signCalls({ secret: secret.now, clock, chance }), refresh: secret.refresh };
}
