import process from "node:process";
import type { Surroundings } from "#adapters/surroundings.ts";
import type { OpenControl } from "#gateway/operations/open-controls.ts";
import type { Actor } from "#gateway/records/actor.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { describeFailure } from "#infra/runtime/lifecycle.ts";
import { whoever } from "../config/at-database.ts";

/** Who does something to the fleet, and what they do it with. */
export type Operator = Surroundings & {
  readonly actor: Actor;
  readonly tell: (line: string) => void;
  /** Aborted when they stop it by hand. */
  readonly signal: AbortSignal;
  /** How providers are opened; a test has some of its own. */
  readonly open?: OpenControl;
};

export type Asked<Ask> = {
  readonly verb: string;
  /** Throws what is wrong with the words of a command. */
  readonly read: () => Ask;
};

/** A verb of whoever stands at this machine. Wrong use is told and is exit code 2, what was refused or failed is 1. */
export async function asOperator<Ask>(
  { verb, read }: Asked<Ask>,
  work: (ask: Ask, operator: Operator) => Promise<number>,
): Promise<number> {
  let ask: Ask;
  try {
    ask = read();
  } catch (error) {
    process.stderr.write(`tradewind ${verb}: ${describeFailure(error)}\n`);
    return 2;
  }
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  for (const name of stops) process.once(name, abort);
  try {
    return await work(ask, {
      ...{ clock: systemClock, chance: systemChance, env: process.env },
      actor: whoever(),
      tell: (line) => void process.stdout.write(`${line}\n`),
      signal: stop.signal,
    });
  } finally {
    for (const name of stops) process.off(name, abort);
  }
}

const stops = ["SIGINT", "SIGTERM"] as const;
