import type { TensorSpec, Tensors } from "#inference/contract.ts";
import { rowsOf, splitRuns } from "#inference/engine/batch-tensors.ts";
import { readInferResponse } from "#inference/protocol/read-infer-response.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import { inferBody } from "./infer-body.ts";
import { invalidAnswer, refusal } from "./upstream-errors.ts";
import type { Room, UpstreamAnswer, UpstreamHttp } from "./upstream-http.ts";

export type InferTarget = {
  readonly http: UpstreamHttp;
  readonly path: string;
  /** As the server announced them. */
  readonly outputs: readonly TensorSpec[];
  /** Does the first dimension of every output count the items? */
  readonly batched: boolean;
  readonly maxAnswerBytes: number;
  readonly nextId: () => string;
  /** Of requests that ended, for the next ones. */
  readonly rooms: Room[];
};

export type RemoteOutcome = { readonly outputs: Tensors } | { readonly failed: TradewindError };

/**
 * Several runs in one request. Of a batch that is refused each run is tried alone, so that one bad input fails only its
 * own caller; what goes wrong for all alike is thrown.
 */
export async function inferRuns(
  target: InferTarget,
  runs: readonly Tensors[],
  signal: AbortSignal,
): Promise<readonly RemoteOutcome[]> {
  const { http, path, outputs, nextId, rooms } = target;
  const question = inferBody({ runs, outputs: outputs.map(({ name }) => name), id: nextId() });
  const room = rooms.pop() ?? { memory: Buffer.alloc(0) };
  const answer = await http.call({ method: "POST", path, signal, room, ...question });
  const outcomes = answer.status === 200 ? readOutcomes(answer, target, runs) : undefined;
  if (isFree(room, outputs)) rooms.push(room);
  return outcomes ?? (await inferAlone(target, runs, answer, signal));
}

const largestRoom = 2 ** 25;

/** Numbers were copied out of it, but texts are still lying there. */
function isFree({ memory }: Room, outputs: readonly TensorSpec[]): boolean {
  return memory.byteLength <= largestRoom && outputs.every(({ datatype }) => datatype !== "BYTES");
}

async function inferAlone(
  target: InferTarget,
  runs: readonly Tensors[],
  { status, body }: UpstreamAnswer,
  signal: AbortSignal,
): Promise<readonly RemoteOutcome[]> {
  if (runs.length === 1 || !mayBeOneInput.has(status)) throw refusal(status, body);
  const outcomes: RemoteOutcome[] = [];
  for (const run of runs) {
    const alone = inferRuns(target, [run], signal);
    outcomes.push(...(await alone.catch((error: unknown) => [{ failed: asTradewindError(error) }])));
  }
  return outcomes;
}

/** Servers give 500 too for a model that failed on its input. */
const mayBeOneInput: ReadonlySet<number> = new Set([400, 413, 422, 500]);

function readOutcomes(
  { headers, body }: UpstreamAnswer,
  { outputs: specs, batched, maxAnswerBytes }: InferTarget,
  runs: readonly Tensors[],
): RemoteOutcome[] {
  const length = headers["inference-header-content-length"];
  const rows = runs.map(rowsOf);
  try {
    const options = { outputs: specs, maxTensorBytes: maxAnswerBytes };
    const { outputs } = readInferResponse(body, typeof length === "string" ? length : undefined, options);
    if (batched) checkRows(outputs, rows);
    return splitRuns(outputs, rows).map((own) => ({ outputs: own }));
  } catch (error) {
    throw invalidAnswer("no tensors that we understand", error);
  }
}

function checkRows(outputs: Tensors, rows: readonly number[]): void {
  const total = rows.reduce((sum, count) => sum + count, 0);
  for (const [name, { shape }] of Object.entries(outputs)) {
    if (shape[0] !== total) throw new RangeError(`output '${name}' has ${shape[0]} rows for ${total} items`);
  }
}
