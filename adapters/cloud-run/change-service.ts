import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Changing } from "../control.ts";
import { retryCalmly } from "../retry-calmly.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Operation } from "./read-operation.ts";
import { readService, type ServiceView } from "./read-service.ts";
import type { RunApi, Service } from "./run-api.ts";
import { withoutSecrets } from "./without-secrets.ts";

export type Change = {
  /** Fields of a service as the API's masks write them. */
  readonly paths: readonly string[];
  readonly service: Service;
};

export type Changer = Pick<Surroundings, "clock" | "chance"> & {
  readonly api: RunApi;
  /** Of the service, in full. */
  readonly name: string;
};

/** Reads it, for which no harm is done by asking again. */
export async function lookAt(changer: Changer, signal: AbortSignal): Promise<ServiceView> {
  const calm = { clock: changer.clock, chance: changer.chance, signal, mayRepeat: "all" } as const;
  return retryCalmly(async () => readService(await changer.api.getService(signal)), calm);
}

/**
 * Changes what was just read and nothing that somebody changed meanwhile: the etag says so, and then it is read again,
 * once. Nothing is sent where the plan wants nothing.
 */
export async function changeService(
  changer: Changer,
  { hand, signal }: Changing,
  plan: (view: ServiceView) => Change | undefined | Promise<Change | undefined>,
): Promise<Operation | undefined> {
  for (let isFirst = true; ; isFirst = false) {
    const view = await lookAt(changer, signal);
    const change = await plan(view);
    if (change === undefined) return undefined;
    const request = {
      service: { name: changer.name, etag: view.etag, ...change.service },
      updateMask: { paths: [...change.paths] },
    };
    const make = (): Promise<Operation> => changer.api.updateService(request, signal);
    try {
      const told = { action: "run.services.update", request: withoutSecrets(request) };
      return await hand.change(told, make, { name: "", isDone: true });
    } catch (error) {
      if (!isFirst || asTradewindError(error).code !== "provider_conflict") throw error;
    }
  }
}

const firstPauseMs = 50;
const longestPauseMs = 2_000;

/** Until the platform has done what it took on. */
export async function awaitOperation(
  { api, clock, chance }: Changer,
  operation: Operation,
  signal: AbortSignal,
): Promise<void> {
  let latest = operation;
  for (let pauseMs = firstPauseMs; !latest.isDone; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    await clock.sleep(pauseMs, { signal }).catch((cause: unknown) => {
      throw gaveUp(signal, cause);
    });
    const { name } = latest;
    const ask = (): Promise<Operation> => api.getOperation(name, signal);
    latest = await retryCalmly(ask, { clock, chance, signal, mayRepeat: "all" });
  }
  if (latest.failure) throw latest.failure;
}

function gaveUp({ reason }: AbortSignal, cause: unknown): TradewindError {
  if (reason instanceof TradewindError) return reason;
  const message = "Cloud Run had not finished the change within the deadline";
  return new TradewindError("deadline_exceeded", message, {
    cause,
    hint: "it goes on there; ask for the status",
  });
}
