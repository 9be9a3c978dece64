import { env, InferenceSession } from "onnxruntime-node";
import { missingFor, thisMachine } from "./execution-provider.ts";
import type { ExecutionProvider, Placement, SessionOptions } from "./messages.ts";

export type LoadedSession = { readonly session: InferenceSession; readonly placement: Placement };

// What it cannot do it says by throwing; its own lines on standard error would stand beside our JSON ones.
env.logLevel = "fatal";

/** Loads a model at the first place that takes it: onnxruntime itself fails as a whole where its first choice is missing. */
export async function loadSession(options: SessionOptions): Promise<LoadedSession> {
  const passedOver: { readonly provider: ExecutionProvider; readonly reason: string }[] = [];
  for (const provider of options.executionProviders) {
    const missing = missingFor(provider, thisMachine);
    if (missing !== undefined) {
      passedOver.push({ provider, reason: missing });
      continue;
    }
    try {
      const session = await create(provider, options);
      return { session, placement: { executionProvider: provider, passedOver } };
    } catch (error) {
      passedOver.push({ provider, reason: messageOf(error).slice(0, 500) });
    }
  }
  throw new Error(passedOver.map(({ provider, reason }) => `${provider}: ${reason}`).join("; "));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One thread a session and no spinning: pools scale by sessions, and a spinning thread starves the decoder beside it. */
function create(
  provider: ExecutionProvider,
  { path, exactQuantized }: SessionOptions,
): Promise<InferenceSession> {
  return InferenceSession.create(path, {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Errors reach the log as the pool's own; warnings about a graph's style help nobody who only serves it.
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: "0" },
        ...(exactQuantized ? { x64quantprecision: "1" } : {}),
      },
    },
  });
}
