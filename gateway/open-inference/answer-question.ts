import type { Context } from "hono";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { answerJson, answerNotReady, answerPassed } from "./answers.ts";
import type { OpenInferenceDeps } from "./deps.ts";
import { backendsFor, type Target } from "./find-target.ts";
import { type Passed, passOn } from "./pass-on.ts";
import { deadlineOf, targetOf } from "./requested.ts";

/** Descriptions, configurations and statistics are a few kilobytes. */
const mostWords = 4 * 1_048_576;

/** What a backend says of a model: its description, configuration or statistics. */
export async function answerQuestion(
  c: Context<GatewayEnv>,
  deps: OpenInferenceDeps,
  question: string,
): Promise<Response> {
  return answerPassed(c, await ask(c, deps, targetOf(c, deps), question));
}

/** The same for whoever wants to read it. */
export async function ask(
  c: Context<GatewayEnv>,
  deps: OpenInferenceDeps,
  target: Target,
  question: string,
): Promise<Passed> {
  using _place = deps.inFlight.enter(0);
  using deadline = deadlineOf(c, deps);
  const path = target.path + question;
  const { signal } = deadline;
  const call = { method: "GET", path, headers: {}, body: undefined, signal, maxBytes: mostWords } as const;
  return await passOn(target, call, backendsFor(target, deps.directory));
}

/** Whether a backend of the model's route says that it is ready. */
export async function answerModelReady(c: Context<GatewayEnv>, deps: OpenInferenceDeps): Promise<Response> {
  const target = targetOf(c, deps);
  try {
    await ask(c, deps, target, "/ready");
    return answerJson(c, { name: target.name, ready: true });
  } catch (thrown) {
    if (asTradewindError(thrown).kind.blame === "caller") throw thrown;
    return answerNotReady(c, `model '${target.name}'`);
  }
}
