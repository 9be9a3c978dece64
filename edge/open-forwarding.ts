import type { Clock } from "#infra/runtime/clock.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { Secret } from "#infra/runtime/secret.ts";
import { type Forwarder, type ForwardOptions, openForwarder } from "./answer/forward.ts";
import type { EdgeConfig } from "./config.ts";
import { openDispatcher } from "./fetch/open-dispatcher.ts";

export type ForwardingOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
};

/** The way of images to the gateway, where the configuration has one; a device that has none sends no image anywhere. */
export async function openForwarding(
  { gateway, proxy, answer: { forward } }: Pick<EdgeConfig, "gateway" | "proxy" | "answer">,
  { env, clock }: ForwardingOptions,
): Promise<Forwarder | undefined> {
  if (!forward) return undefined;
  const { key, when, below, within } = forward;
  const text = await readKey(key, env);
  const asked = { url: gateway, key: new Secret(text), when, below, patienceMs: within, clock };
  return proxy === undefined ? await openForwarder(asked) : await openThroughProxy(asked, proxy);
}

/** As many images as are on their way at once without a proxy. */
const connections = 16;

async function openThroughProxy(asked: ForwardOptions, proxy: string): Promise<Forwarder> {
  const dispatcher = openDispatcher({ proxy, connections });
  const forwarder = await openForwarder({ ...asked, dispatcher });
  return {
    ...forwarder,
    [Symbol.asyncDispose]: async () => {
      await forwarder[Symbol.asyncDispose]();
      await dispatcher.destroy();
    },
  };
}

async function readKey(place: string, env: ForwardingOptions["env"]): Promise<string> {
  const name = place.startsWith("env:") ? place.slice("env:".length) : undefined;
  const text = name === undefined ? await readText(place, { what: `the key in ${place}` }) : env[name];
  const key = text?.trim() ?? "";
  if (/^[\x21-\x7e]{8,500}$/.test(key)) return key;
  throw new TradewindError("config_invalid", `answer.forward.key: ${place} holds no key of the gateway`);
}
