import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { TradewindError } from "#infra/runtime/errors.ts";
import { printable } from "./explain/table.ts";
import { findServices } from "./init/find-services.ts";
import { type InitAsk, readInitAsk } from "./init/init-ask.ts";
import { commonModels, showTrials, tryAll } from "./init/try-all.ts";
import type { Trial } from "./init/try-service.ts";
import { nameAll, writeConfig } from "./init/write-config.ts";
import { asOperator, type Operator } from "./operate/operator.ts";

/** `tradewind init`: finds what runs in the clouds, with permissions that only read, and writes a configuration of it. */
export function init(args: string[]): Promise<number> {
  return asOperator({ verb: "init", read: () => readInitAsk(args, process.env) }, findAndWrite);
}

async function findAndWrite(ask: InitAsk, operator: Operator): Promise<number> {
  const { tell, clock, signal } = operator;
  await refuseOverwriting(ask);
  const image = ask.isTried ? await readFile(ask.image ?? sample) : undefined;
  const { services, leftOut, troubles } = await findServices(ask, operator);
  for (const trouble of troubles) process.stderr.write(`${printable(trouble)}\n`);
  tellLeftOut(leftOut, tell);
  if (services.length === 0) throw nothingFound(troubles);
  const options = { model: ask.model, surroundings: operator, signal };
  const trials = image ? await tryAll(nameAll(services), { ...options, image }) : new Map<string, Trial>();
  const models = commonModels([...trials.values()]);
  const on = new Date(clock.now()).toISOString().slice(0, 10);
  await writeFile(ask.file, writeConfig({ services, models, on }), { flag: ask.isForced ? "w" : "wx" });
  if (trials.size > 0) tell(showTrials(trials));
  const count = services.length === 1 ? "1 service" : `${services.length} services`;
  tell(`wrote ${ask.file}: ${count}; next: tradewind config check ${ask.file}`);
  return troubles.length > 0 ? 1 : 0;
}

const sample = join(import.meta.dirname, "../../inference/models/demo/sample.jpg");

async function refuseOverwriting({ file, isForced }: InitAsk): Promise<void> {
  if (isForced) return;
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new TradewindError("config_invalid", `${file} is there already`, { hint: "--force writes over it" });
}

/** A cloud may hold thousands of services that are something else. */
const mostTold = 20;

function tellLeftOut(leftOut: readonly string[], tell: Operator["tell"]): void {
  for (const line of leftOut.slice(0, mostTold)) tell(printable(line));
  if (leftOut.length > mostTold) tell(`and ${leftOut.length - mostTold} more were left out`);
}

function nothingFound(troubles: readonly string[]): TradewindError {
  if (troubles.length > 0)
    return new TradewindError("provider_forbidden", "no cloud could be looked at, as is told above");
  return new TradewindError("provider_missing", "nothing was found that could be a backend", {
    hint: "look in other regions, projects or subscriptions",
  });
}
