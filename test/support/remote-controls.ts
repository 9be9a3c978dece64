import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Changing, ProviderControl } from "#adapters/control.ts";
import { asTradewindError, isErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import type { FakePlatform, Verb } from "./fake-control.ts";

export type ServedPlatforms = AsyncDisposable & { readonly url: string };

/** Platforms of this process for the processes of a test, which may die while the platforms live on. */
export async function servePlatforms(
  platforms: Readonly<Record<string, FakePlatform>>,
): Promise<ServedPlatforms> {
  const server = createServer(async (request, response) => {
    const [, name = "", verb = ""] = (request.url ?? "").split("/");
    const control = platforms[name]?.control();
    try {
      if (!control) throw new TradewindError("provider_missing", `no platform ${name}`);
      const answer = await answerOf(control, verb, await json(request));
      response.end(JSON.stringify({ answer }));
    } catch (thrown) {
      const { code, message } = asTradewindError(thrown);
      response.end(JSON.stringify({ code, message }));
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** What the process at the other end told already is made here as it is. */
const plainHand: Changing["hand"] = { isDry: false, change: (_, make) => make() };

async function answerOf(control: ProviderControl, verb: string, wanted: unknown): Promise<unknown> {
  const { signal } = new AbortController();
  if (verb === "capabilities") return control.capabilities;
  const ask = Reflect.get(control, verb) as (...args: readonly unknown[]) => Promise<unknown>;
  return verb === "status" || verb === "price" ? ask({ signal }) : ask(wanted, { hand: plainHand, signal });
}

/** A control of a platform that another process serves. */
export async function openRemoteControl(url: string, name: string): Promise<ProviderControl> {
  const post = async (verb: string, wanted: unknown, signal?: AbortSignal): Promise<unknown> => {
    const response = await fetch(`${url}/${name}/${verb}`, {
      ...{ method: "POST", body: JSON.stringify(wanted) },
      ...(signal && { signal }),
    });
    const { code, message, answer } = (await response.json()) as Record<string, unknown>;
    if (typeof code === "string" && isErrorCode(code)) throw new TradewindError(code, String(message));
    return answer;
  };
  const change =
    (verb: Verb) =>
    (wanted: unknown, { hand, signal }: Changing): Promise<never> =>
      hand.change(
        { action: `fake:${verb}`, request: wanted },
        async () => (await post(verb, wanted, signal)) as never,
        undefined as never,
      );
  const close = async (): Promise<void> => {};
  return {
    kind: "fake",
    capabilities: (await post("capabilities", {})) as ProviderControl["capabilities"],
    status: async ({ signal }) => (await post("status", {}, signal)) as never,
    price: async ({ signal }) => (await post("price", {}, signal)) as never,
    scale: change("scale"),
    deploy: change("deploy"),
    shift: change("shift"),
    promote: change("promote"),
    rollback: change("rollback"),
    wake: change("wake"),
    ...{ close, [Symbol.asyncDispose]: close },
  };
}
