import type { Dispatcher } from "undici";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { lineFailure, tooSlow } from "../fetch/line-failure.ts";
import { readBounded } from "../fetch/read-bounded.ts";
import { usualStall, watchStall } from "../fetch/watch-stall.ts";
import type { Exchange, ExchangeAnswer, ExchangeAsk } from "./exchange.ts";

export type ExchangeOptions = {
  /** The gateway's address, with what stands before `/edge/v1` in it. */
  readonly gateway: string;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
};

/** Questions over a line that may be anything: nothing is followed, and what does not come ends. */
export function openExchange({ gateway, dispatcher, clock }: ExchangeOptions): Exchange {
  const { origin, pathname } = new URL(gateway);
  const above = pathname.replace(/\/+$/, "");
  return async (ask) => {
    using watch = watchStall(clock, usualStall);
    const signal = AbortSignal.any([ask.signal, watch.signal]);
    try {
      return await exchange(dispatcher, { ...ask, origin, path: above + ask.path, signal });
    } catch (error) {
      ask.signal.throwIfAborted();
      if (error instanceof TradewindError) throw error;
      throw watch.signal.aborted ? tooSlow(gateway, error) : lineFailure(gateway, undefined, error);
    }
  };
}

async function exchange(
  dispatcher: Dispatcher,
  { origin, method, path, headers, body, maxBytes, signal }: ExchangeAsk & { readonly origin: string },
): Promise<ExchangeAnswer> {
  const answer = await dispatcher.request({
    ...{ origin, path, method, signal },
    headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "tradewind-edge", ...headers },
    ...(body && { body: Buffer.from(body) }),
  });
  const header = (name: string): string | undefined => {
    const value = Object.hasOwn(answer.headers, name) ? answer.headers[name] : undefined;
    return Array.isArray(value) ? value[0] : value;
  };
  const leave = (): void => void answer.body.destroy();
  return {
    status: answer.statusCode,
    header,
    body: await readBounded({ body: answer.body, leave }, { maxBytes }),
  };
}
