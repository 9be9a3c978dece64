import { TradewindError } from "#infra/runtime/errors.ts";
import { buffersOf, type FromSession, type Placement, type ToSession } from "./messages.ts";
import type { Session } from "./session.ts";

/** The way to a session in another thread or process. */
export type Line = {
  readonly send: (message: ToSession, moved: readonly ArrayBuffer[]) => void;
  readonly onMessage: (hear: (message: FromSession) => void) => void;
  /** Settles with why, when nothing more will be said. */
  readonly ended: Promise<Error>;
};

export type Conversation = {
  /** Resolves when the model is loaded, and throws `model_unusable` when it can't be. */
  readonly ready: (path: string) => Promise<Placement>;
  readonly run: Session["run"];
};

/** One question at a time, each with one answer, until the other side is gone. */
export function converse({ send, onMessage, ended }: Line): Conversation {
  let hear: ((message: FromSession) => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  onMessage((message) => hear?.(message));
  void ended.then((error) => fail?.(error));
  const next = (ask: () => void): Promise<FromSession> =>
    new Promise((resolve, reject) => {
      hear = resolve;
      fail = reject;
      ask();
    });
  return {
    ready: async (path) => {
      const said = await next(() => {}).catch(died);
      if (said.kind === "ready") return said.placement;
      throw unusable(path, said.kind === "unusable" ? said.message : "it did not say that it is ready");
    },
    run: async (runs, { joined }) => {
      const said = await next(() => send({ kind: "run", runs, joined }, buffersOf(runs))).catch(died);
      if (said.kind === "done") return { answers: said.answers, spent: said.spent, inferenceMs: said.ms };
      return died(said);
    },
  };
}

function died(cause: unknown): never {
  throw new TradewindError("internal", "the model's worker died", { cause });
}

function unusable(path: string, said: string): TradewindError {
  return new TradewindError("model_unusable", `onnxruntime cannot load ${path}: ${said.slice(0, 500)}`, {
    hint: "export the model again, or check that the file is whole",
  });
}
