import { Agent } from "node:http";
import { type Answered, type Posted, post } from "./post.ts";

/** Requests sent one after the other on each of several kept connections, for as long as it is open. */
export type Traffic = AsyncDisposable & {
  /** Answers that were neither right nor expected, shortly described; at most a few are kept. */
  readonly failures: readonly string[];
  readonly answered: () => number;
  /** How often each version of a model has answered. */
  readonly versions: () => Readonly<Record<string, number>>;
  /** How often a request was refused in a way that was expected. */
  readonly refused: () => number;
  readonly stop: () => Promise<void>;
};

export type TrafficOptions = {
  readonly url: string;
  readonly request: Posted;
  readonly connections: number;
  /** What is wrong with an answer of status 200. */
  readonly judge?: (json: unknown) => string | undefined;
  /** Is this refusal documented for what is being done? */
  readonly expects?: (answer: Answered) => boolean;
};

const mostFailures = 10;

export function openTraffic({ url, request, connections, judge, expects }: TrafficOptions): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const failures: string[] = [];
  const versions: Record<string, number> = {};
  const counts = { answered: 0, refused: 0 };
  let open = true;
  const note = (failure: string): void => {
    if (failures.length < mostFailures) failures.push(failure);
  };
  const take = (answer: Answered): void => {
    counts.answered += 1;
    if (answer.status !== 200) {
      if (expects?.(answer)) counts.refused += 1;
      else note(`${answer.status} ${answer.code}: ${JSON.stringify(answer.json)}`);
      return;
    }
    const wrong = judge?.(answer.json);
    if (wrong !== undefined) note(wrong);
    const { model_version: version } = answer.json as { readonly model_version: string };
    versions[version] = (versions[version] ?? 0) + 1;
  };
  const flow = async (): Promise<void> => {
    while (open) await post(url, request, { agent }).then(take, (error) => note(String(error)));
  };
  const flows = Promise.all(Array.from({ length: connections }, flow));
  const stop = async (): Promise<void> => {
    open = false;
    await flows;
    agent.destroy();
  };
  return {
    failures,
    answered: () => counts.answered,
    refused: () => counts.refused,
    versions: () => ({ ...versions }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
