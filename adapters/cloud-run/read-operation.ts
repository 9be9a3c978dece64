import { TradewindError } from "#infra/runtime/errors.ts";
import { runFailure } from "./translate-errors.ts";

/** What the platform does with a change after it took it. */
export type Operation = {
  readonly name: string;
  readonly isDone: boolean;
  readonly failure?: TradewindError;
};

type ForeignOperation = {
  readonly name?: unknown;
  readonly done?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown } | null;
};

const nameForm = /^projects\/[^/]{1,80}\/locations\/[^/]{1,40}\/operations\/[^/]{1,200}$/;

export function readOperation({ name, done, error }: ForeignOperation, what: string): Operation {
  if (typeof name !== "string" || !nameForm.test(name))
    throw new TradewindError(
      "provider_answer_invalid",
      `${what}: Cloud Run named no operation for the change`,
    );
  if (done !== true) return { name, isDone: false };
  if (!error?.code) return { name, isDone: true };
  const { code, message } = error;
  // The change was taken, so it is nobody else's change that stands against it now.
  const said = { code: code === 9 || code === 10 ? 3 : code, message };
  return { name, isDone: true, failure: runFailure(said, { action: "run.services.update", what }) };
}
