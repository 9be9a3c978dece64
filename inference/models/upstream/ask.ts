import { invalidAnswer, refusal } from "#inference/engine/remote/upstream-errors.ts";
import type { UpstreamAnswer, UpstreamCall } from "#inference/engine/remote/upstream-http.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Questions about models, each answered by JSON that nobody has looked at yet. */
export type Ask = {
  /** Throws where the server has no answer. */
  readonly must: (model: string, path: string) => Promise<unknown>;
  /** Undefined where the server does not know what is asked for. */
  readonly may: (path: string, body?: string) => Promise<unknown>;
  /** Throws `model_not_ready` where the server says no. */
  readonly ready: (model: string, path: string) => Promise<void>;
};

type Call = (call: Omit<UpstreamCall, "signal">) => Promise<UpstreamAnswer>;

export function askOn(call: Call): Ask {
  return {
    must: async (model, path) => {
      const answer = await call({ method: "GET", path });
      if (answer.status === 404) throw unknown(model, answer);
      return jsonOf(answer);
    },
    may: async (path, body) => {
      const json = { "content-type": "application/json" };
      const answer = await call(
        body === undefined ? { method: "GET", path } : { method: "POST", path, body, headers: json },
      );
      return unknownPath.has(answer.status) ? undefined : jsonOf(answer);
    },
    ready: async (model, path) => {
      const { status, body } = await call({ method: "GET", path });
      if (status === 200) return;
      const cause = refusal(status, body);
      throw new TradewindError(
        "model_not_ready",
        `the upstream server says that model ${model} is not ready`,
        { cause },
      );
    },
  };
}

/** Triton says 400 of a version that it does not have. */
const unknownPath: ReadonlySet<number> = new Set([400, 404, 405, 501]);

function jsonOf({ status, body }: UpstreamAnswer): unknown {
  if (status !== 200) throw refusal(status, body);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw invalidAnswer("no JSON", cause);
  }
}

function unknown(model: string, { status, body }: UpstreamAnswer): TradewindError {
  const cause = refusal(status, body);
  return new TradewindError("model_unknown", `the upstream server does not have model ${model}`, { cause });
}
