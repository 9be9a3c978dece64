import { z } from "zod";
import type { Endpoint, Provider } from "#adapters/provider.ts";
import type { ModelInfo } from "#inference/contract.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";

/** What came of asking one service. */
export type Trial = {
  /** What it has, where it says so. */
  readonly models: readonly string[];
  /** The first answer and the next one, of the model that was asked. */
  readonly times: { readonly model: string; readonly firstMs: number; readonly nextMs: number } | undefined;
  /** Why there are no times. */
  readonly trouble: string | undefined;
  /** The status with which it let nobody in. */
  readonly refusedWith?: number;
};

export type Trying = {
  readonly image: Uint8Array;
  /** Asked for where a service doesn't say what it has. */
  readonly model: string | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** Sends one real image to a service, twice: the first may wake it. */
export async function tryService(provider: Provider, trying: Trying): Promise<Trial> {
  let models: readonly string[] = [];
  try {
    const [endpoint] = await provider.discover(trying);
    if (!endpoint) return { models, times: undefined, trouble: "nothing of it stands" };
    const index = await readIndex(endpoint, trying);
    models = index.models;
    const names = trying.model === undefined ? models : [trying.model];
    const model = await firstForImages(endpoint, names, trying);
    if (model) return { models, times: await timesOf(endpoint, model, trying), trouble: undefined };
    if (isRefusal(index.status)) return refused(models, index.status);
    return { models, times: undefined, trouble: "it has no model that takes images" };
  } catch (error) {
    const { message } = asTradewindError(error);
    const status = refusalIn(message);
    return status === undefined ? { models, times: undefined, trouble: message } : refused(models, status);
  }
}

function refused(models: readonly string[], status: number): Trial {
  const trouble = `it answers ${status}: it wants credentials that init does not have (sign or auth)`;
  return { models, times: undefined, trouble, refusedWith: status };
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403;
}

/** A client's error says the status of a backend in its sentence alone. */
function refusalIn(message: string): number | undefined {
  const [, status] = /^the backend failed with status (401|403)$/.exec(message) ?? [];
  return status === undefined ? undefined : Number(status);
}

const mostModels = 100;
const index = z.array(z.object({ name: z.string().max(200), state: z.string().optional() })).max(10_000);

/** An extension of the protocol that most servers have; one without it has at least what it is asked for. */
async function readIndex(
  { client }: Endpoint,
  { signal }: Trying,
): Promise<{ readonly status: number; readonly models: readonly string[] }> {
  const body = Buffer.from("{}");
  const headers = { "content-type": "application/json", "content-length": `${body.byteLength}` };
  const call = { method: "POST", path: "/v2/repository/index", headers, body, isQuestion: true } as const;
  const answer = await client.pass({ ...call, maxBytes: 1_048_576, signal });
  const { status } = answer;
  if (status !== 200) return { status, models: [] };
  const read = index.safeParse(parseJson(answer.body.toString("utf8")));
  const ready = (read.data ?? []).filter(({ state = "READY" }) => state === "READY");
  return { status, models: [...new Set(ready.map(({ name }) => name))].slice(0, mostModels) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function firstForImages(
  { client }: Endpoint,
  names: readonly string[],
  { signal }: Trying,
): Promise<ModelInfo | undefined> {
  let lockedOut: unknown;
  for (const name of names) {
    try {
      const described = await client.describe(name, { signal });
      if (described.task === "detect") return described;
    } catch (error) {
      // A model that cannot be read may stand beside one that can.
      if (refusalIn(asTradewindError(error).message) !== undefined) lockedOut ??= error;
    }
  }
  if (lockedOut !== undefined) throw lockedOut;
  return undefined;
}

const usual = { conf: 0.25, iou: 0.7, maxDetections: 300 };

async function timesOf({ client }: Endpoint, model: ModelInfo, { image, clock, signal }: Trying) {
  const once = async (): Promise<number> => {
    const began = clock.elapsed();
    await client.detect({ model, image, options: usual, signal });
    return clock.elapsed() - began;
  };
  return { model: model.name, firstMs: await once(), nextMs: await once() };
}
