import type { Infer } from "#inference/infer/answer-infer.ts";
import { answer } from "#inference/protocol/answer-error.ts";
import { readPromisedBody } from "#inference/signed-calls.ts";
import { traceOf } from "#inference/trace.ts";
import type { Handler } from "./route-table.ts";

/** `infer` as one route among the others; behind a socket the hot door takes these requests before they get here. */
export function inferRoute(infer: Infer): Handler {
  return async (c) => {
    const reply = await infer({
      model: c.req.param("model") ?? "",
      version: c.req.param("version"),
      header: (name) => c.req.header(name),
      readBody: (options) => readPromisedBody(c, options),
      signal: c.req.raw.signal,
      trace: traceOf(c),
    });
    return answer(c, reply);
  };
}
