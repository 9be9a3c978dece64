import { printable } from "../explain/table.ts";
import type { Operator } from "../operate/operator.ts";
import type { Findings } from "./find-services.ts";
import type { InitAsk } from "./init-ask.ts";
import { showTrials } from "./try-all.ts";
import type { Trial } from "./try-service.ts";
import type { NamedService } from "./write-config.ts";

/** What init did, and the text that it wrote or would write. */
export type InitDone = {
  readonly ask: InitAsk;
  readonly findings: Findings;
  readonly services: readonly NamedService[];
  readonly trials: ReadonlyMap<string, Trial>;
  readonly text: string;
};

export type InitVoice = Pick<Operator, "tell"> & {
  /** For what a program that reads the answer has no use for. */
  readonly aside: (text: string) => void;
};

export function tellInit(done: InitDone, { tell, aside }: InitVoice): void {
  const { ask, services, trials, text } = done;
  if (ask.isJson) tell(JSON.stringify(initAsJson(done), undefined, 2));
  else if (ask.isDry) {
    if (trials.size > 0) aside(showTrials(trials));
    tell(text.trimEnd());
  } else {
    if (trials.size > 0) tell(showTrials(trials));
    const count = services.length === 1 ? "1 service" : `${services.length} services`;
    tell(`wrote ${ask.file}: ${count}; next: tradewind config check ${ask.file}`);
  }
}

/** A cloud may hold thousands of services that are something else. */
const mostTold = 20;

export function tellLeftOut(leftOut: readonly string[], tell: Operator["tell"]): void {
  for (const line of leftOut.slice(0, mostTold)) tell(printable(line));
  if (leftOut.length > mostTold) tell(`and ${leftOut.length - mostTold} more were left out`);
}

export function initAsJson({ ask, findings, services, trials, text }: InitDone) {
  return {
    file: ask.file,
    written: !ask.isDry,
    services: services.map(({ id, kind, name, settings, price, hasGpu, notes }) => ({
      ...{ id, kind, name, settings, price: price ?? null, has_gpu: hasGpu, notes },
      tried: triedAsJson(trials.get(id)),
    })),
    left_out: findings.leftOut,
    troubles: findings.troubles,
    text,
  };
}

function triedAsJson(trial: Trial | undefined) {
  if (!trial) return null;
  const { models, times, trouble = null, refusedWith = null } = trial;
  return {
    models,
    model: times?.model ?? null,
    first_ms: times?.firstMs ?? null,
    next_ms: times?.nextMs ?? null,
    trouble,
    refused_with: refusedWith,
  };
}
