import { vi } from "vitest";
import type { TensorSpec, Tensors } from "#inference/contract.ts";
import { type Batching, noBatching } from "#inference/engine/batching.ts";
import { openRemoteEngine, type RemoteEngineOptions } from "#inference/engine/remote.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import {
  type Fault,
  startFakeTensorServer,
  type TensorServerOptions,
} from "#test/support/fake-tensor-server.ts";

export const output0: TensorSpec = { name: "output0", datatype: "FP32", shape: [-1, 7, 4] };
export const batching: Batching = { ...noBatching, maxBatchSize: 8 };

/** The engine under test and the server behind it, which begins to fail only when the engine is open. */
export async function openColours(
  given: Partial<RemoteEngineOptions> = {},
  { fault, ...server }: TensorServerOptions & { readonly fault?: Fault } = {},
) {
  const upstream = await startFakeTensorServer(server);
  const options = { url: upstream.url, model: "colours", version: "2", outputs: [output0], workers: 1 };
  const engine = await openRemoteEngine({ ...options, clock: systemClock, ...given });
  upstream.fault = fault;
  return {
    upstream,
    engine,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Images that are red, green and blue to that degree. */
export function images(...rows: readonly (readonly [number, number, number])[]): Tensors {
  const side = 64 * 64;
  const data = new Float32Array(rows.length * 3 * side);
  for (const [at, value] of rows.flat().entries()) data.fill(value, at * side, (at + 1) * side);
  return { images: { datatype: "FP32", shape: [rows.length, 3, 64, 64], data } };
}

/** The three scores of each row. */
export function scores({ output0: tensor }: Tensors): number[][] {
  if (tensor?.datatype !== "FP32") throw new TypeError("no numbers came back");
  const { shape, data } = tensor;
  return Array.from({ length: shape[0] ?? 0 }, (_, row) =>
    [16, 21, 26].map((at) => data[28 * row + at] ?? -1),
  );
}

export async function soon(expectation: () => void): Promise<void> {
  await vi.waitFor(expectation, { interval: 2 });
}

export async function failure(task: Promise<unknown>): Promise<TradewindError> {
  const error: unknown = await task.catch((thrown: unknown) => thrown);
  if (error instanceof TradewindError) return error;
  throw new Error("expected a failure from the catalogue", { cause: error });
}
