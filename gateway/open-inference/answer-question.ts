import type { Context } from "hono";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { needScope } from "../admission/permissions.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { admitQuestion } from "./admit-question.ts";
import { addHeaders, answerJson, answerNotReady, answerPassed } from "./answers.ts";
import type { OpenInferenceDeps } from "./deps.ts";
import { backendsFor, findTarget, type Target } from "./find-target.ts";
import { namesFor } from "./list-models.ts";
import { type Passed, passOn } from "./pass-on.ts";
import { deadlineOf, targetOf } from "./requested.ts";
import { readAllStatistics } from "./statistics.ts";

/** What a backend says of a model: its description, configuration or statistics. */
export async function answerQuestion(
  c: Context<GatewayEnv>,
  deps: OpenInferenceDeps,
  question: "" | "/config" | "/stats",
): Promise<Response> {
  const target = targetOf(c, deps);
  needScope(c.get("caller"), question === "/stats" ? "metrics" : "infer");
  using asking = await beginAsking(c, deps, target);
  return answerPassed(c, await asking.ask(target, question));
}

/** Whether a backend of the model's route says that it is ready. */
export async function answerModelReady(c: Context<GatewayEnv>, deps: OpenInferenceDeps): Promise<Response> {
  const target = targetOf(c, deps);
  needScope(c.get("caller"), "infer");
  using asking = await beginAsking(c, deps, target);
  try {
    await asking.ask(target, "/ready");
    return answerJson(c, { name: target.name, ready: true });
  } catch (thrown) {
    if (asTradewindError(thrown).kind.blame === "caller") throw thrown;
    return answerNotReady(c, `model '${target.name}'`);
  }
}

/** The statistics of every model that the caller may use. */
export async function answerAllStatistics(
  c: Context<GatewayEnv>,
  deps: OpenInferenceDeps,
): Promise<Response> {
  const caller = c.get("caller");
  needScope(caller, "metrics");
  const targets = namesFor(deps.fleet(), caller).map((model) =>
    findTarget(deps.fleet(), caller, { model, version: undefined }),
  );
  using asking = await beginAsking(c, deps, undefined);
  return answerJson(c, await readAllStatistics(targets, (target) => asking.ask(target, "/stats")));
}

type Asking = Disposable & { readonly ask: (target: Target, question: string) => Promise<Passed> };

/** Descriptions, configurations and statistics are a few kilobytes. */
const mostWords = 4 * 1_048_576;

/** Of one request the count, the place in hand and the deadline, however many backends it asks. */
async function beginAsking(
  c: Context<GatewayEnv>,
  deps: OpenInferenceDeps,
  target: Target | undefined,
): Promise<Asking> {
  using opening = new DisposableStack();
  opening.use(deps.inFlight.enter(0));
  const admitted = opening.use(await admitQuestion(c.get("caller"), target?.route, deps.admission));
  addHeaders(c, admitted.headers);
  const { signal } = opening.use(deadlineOf(c, deps));
  const opened = opening.move();
  const rest = {
    method: "GET",
    headers: {},
    body: undefined,
    maxBytes: mostWords,
    isQuestion: true,
  } as const;
  const ask = async (asked: Target, question: string): Promise<Passed> => {
    const call = { ...rest, path: asked.path + question, signal };
    return await passOn(asked, call, backendsFor(asked, deps.directory));
  };
  return { ask, [Symbol.dispose]: () => opened.dispose() };
}
