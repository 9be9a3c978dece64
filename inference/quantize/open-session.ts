import { env, InferenceSession } from "onnxruntime-node";
import { TradewindError } from "#infra/runtime/errors.ts";

// What it cannot do it says by throwing.
env.logLevel = "fatal";

export type SessionUse = {
  /** One thread, as the backend gives a session; without it as many as the machine has. */
  readonly threads?: number;
  /** Where the graph is written as it is really computed. */
  readonly optimizedPath?: string;
};

/** Loads a model file on the CPU; what the runtime refuses is unusable. */
export async function openSession(path: string, use: SessionUse = {}): Promise<InferenceSession> {
  const { threads, optimizedPath } = use;
  try {
    return await InferenceSession.create(path, {
      executionProviders: ["cpu"],
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      interOpNumThreads: 1,
      ...(optimizedPath === undefined ? {} : { optimizedModelFilePath: optimizedPath }),
      logSeverityLevel: 4,
      extra: { session: { intra_op: { allow_spinning: "0" } } },
    });
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.slice(0, 300) : "";
    throw new TradewindError("model_unusable", `the runtime does not take the model: ${said}`, { cause });
  }
}
