import type { InferenceSession } from "onnxruntime-node";
import type { Tensors } from "#inference/contract.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { joinRuns, rowsOf, type Scratch, splitRuns } from "./batch-tensors.ts";
import { messageOf } from "./load-session.ts";
import { type FromSession, movedInputs, type RunOutcome, type ToSession } from "./messages.ts";
import { fromOnnx, toFeeds } from "./onnx-tensor.ts";

/** Computes what one message brings. It blocks its thread: onnxruntime's binding runs on it. */
export async function runSession(
  session: InferenceSession,
  wanted: readonly string[],
  { runs, joined }: Extract<ToSession, { readonly kind: "run" }>,
  scratch: Scratch,
): Promise<FromSession> {
  const started = systemClock.elapsed();
  const answers = await (joined ? runTogether : runEach)(session, wanted, runs, scratch);
  return { kind: "done", answers, spent: movedInputs(runs), ms: systemClock.elapsed() - started };
}

/** Of a batch that fails each run is tried alone, so that one bad input fails only its own caller. */
async function runTogether(
  session: InferenceSession,
  wanted: readonly string[],
  runs: readonly Tensors[],
  scratch: Scratch,
): Promise<RunOutcome[]> {
  try {
    const answer = await session.run(toFeeds(joinRuns(runs, scratch)), wanted);
    return splitRuns(fromOnnx(answer), runs.map(rowsOf)).map((outputs) => ({ outputs }));
  } catch (error) {
    if (runs.length === 1) return [{ failed: messageOf(error) }];
    return await runEach(session, wanted, runs, scratch);
  }
}

async function runEach(
  session: InferenceSession,
  wanted: readonly string[],
  runs: readonly Tensors[],
  scratch: Scratch,
): Promise<RunOutcome[]> {
  const outcomes: RunOutcome[] = [];
  for (const run of runs) outcomes.push(...(await runTogether(session, wanted, [run], scratch)));
  return outcomes;
}
