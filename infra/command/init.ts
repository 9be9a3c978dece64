import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { TradewindError } from "#infra/runtime/errors.ts";
import { printable } from "./explain/table.ts";
import { findServices } from "./init/find-services.ts";
import { type InitAsk, readInitAsk } from "./init/init-ask.ts";
import { tellInit, tellLeftOut } from "./init/tell-init.ts";
import { commonModels, maybeSigned, tryAll } from "./init/try-all.ts";
import type { Trial } from "./init/try-service.ts";
import { type NamedService, nameAll, writeConfig } from "./init/write-config.ts";
import { asOperator, type Operator } from "./operate/operator.ts";

/** `tradewind init`: finds what runs in the clouds, with permissions that only read, and writes a configuration of it. */
export function init(args: string[]): Promise<number> {
  return asOperator({ verb: "init", read: () => readInitAsk(args, process.env) }, findAndWrite);
}

async function findAndWrite(ask: InitAsk, operator: Operator): Promise<number> {
  const { tell, signal } = operator;
  if (!ask.isDry) await refuseOverwriting(ask);
  const image = ask.isTried ? await readFile(ask.image ?? sample) : undefined;
  const findings = await findServices(ask, operator);
  const { leftOut, troubles } = findings;
  for (const trouble of troubles) aside(printable(trouble));
  if (!ask.isJson) tellLeftOut(leftOut, ask.isDry ? aside : tell);
  if (findings.services.length === 0) throw nothingFound(troubles);
  const services = nameAll(findings.services);
  const options = { model: ask.model, surroundings: operator, signal };
  const trials = image ? await tryAll(services, { ...options, image }) : new Map<string, Trial>();
  const text = textOf(services, trials, operator);
  if (!ask.isDry) await writeFile(ask.file, text, { flag: ask.isForced ? "w" : "wx" });
  tellInit({ ask, findings, services, trials, text }, { tell, aside });
  return troubles.length > 0 ? 1 : 0;
}

function aside(text: string): void {
  process.stderr.write(`${text}\n`);
}

function textOf(
  services: readonly NamedService[],
  trials: ReadonlyMap<string, Trial>,
  { clock }: Operator,
): string {
  const models = commonModels([...trials.values()]);
  const on = new Date(clock.now()).toISOString().slice(0, 10);
  return writeConfig({ services, models, on, unsigned: maybeSigned(services, trials) });
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

function nothingFound(troubles: readonly string[]): TradewindError {
  if (troubles.length > 0)
    return new TradewindError("provider_forbidden", "no cloud could be looked at, as is told above");
  return new TradewindError("provider_missing", "nothing was found that could be a backend", {
    hint: "look in other regions, projects or subscriptions",
  });
}
