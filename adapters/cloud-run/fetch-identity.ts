import { credentialsFailure } from "./translate-credentials.ts";
import { untilAborted } from "./until-aborted.ts";

/** Whoever vouches for this process answers before this, or not at all. */
const patienceMs = 20_000;

/** A token for an audience, of the metadata server or by a service account's key. */
export async function fetchIdentity(audience: string, projectId: string): Promise<string> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const { GoogleAuth } = await import("google-auth-library");
    const client = await untilAborted(new GoogleAuth({ projectId }).getIdTokenClient(audience), signal);
    return await untilAborted(client.idTokenProvider.fetchIdToken(audience), signal);
  } catch (error) {
    const what = "an identity token for the service";
    throw credentialsFailure(error, { action: "run.routes.invoke", what, signal });
  }
}
