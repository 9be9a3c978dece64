import { type ApiPlace, type Clients, keepClients } from "./open-clients.ts";
import { credentialsFailure } from "./translate-credentials.ts";
import { runFailure } from "./translate-errors.ts";
import { untilAborted } from "./until-aborted.ts";

/** Makes one call with the clients and the options for it; the permission it needs is named for whoever lacks it. */
export type Ask = <Answer>(
  action: string,
  signal: AbortSignal,
  call: (clients: Clients, options: CallOptions) => Promise<Answer>,
) => Promise<Answer>;

export type CallOptions = {
  readonly retry: null;
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly otherArgs: { readonly headers: Record<string, string> };
};

/** Each call is tried once, and its errors are translated. */
export function openAsk(
  place: ApiPlace,
  what: string,
): { readonly ask: Ask; readonly close: () => Promise<void> } {
  const clients = keepClients(place);
  const sign = async (signal: AbortSignal): Promise<{ open: Clients; options: CallOptions }> => {
    const open = await clients.get();
    return { open, options: await optionsFor(open, signal) };
  };
  const ask: Ask = async (action, signal, call) => {
    const asked = { action, what, signal };
    const { open, options } = await untilAborted(sign(signal), signal).catch((error: unknown) => {
      throw credentialsFailure(error, asked);
    });
    return untilAborted(call(open, options), signal).catch((error: unknown) => {
      throw runFailure(error, asked);
    });
  };
  return { ask, close: clients.close };
}

const patienceMs = 30_000;

async function optionsFor({ token }: Clients, signal: AbortSignal): Promise<CallOptions> {
  const headers = token && { authorization: await token() };
  return {
    // Whoever asks has the one policy of asking again.
    retry: null,
    timeout: patienceMs,
    signal,
    otherArgs: { headers: { ...headers } },
  };
}
