import { onTestFinished } from "vitest";
import { readAudit } from "#gateway/records/audit.ts";
import type { Operator } from "#infra/command/operate/operator.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createFakePlatform, type FakePlatform } from "./fake-control.ts";
import { openRolloutWorld, type Quality, type RolloutWorld } from "./rollout-world.ts";

/** Somebody at a terminal, and what was said to them. */
export type AtTerminal = {
  readonly who: Operator;
  readonly said: readonly string[];
  readonly text: () => string;
  readonly json: () => Record<string, unknown>;
};

export type OperatorWorld = RolloutWorld & {
  /** A third provider, which scales itself and cannot be deployed to. */
  readonly old: FakePlatform;
  readonly operator: (given?: Partial<Pick<Operator, "env" | "signal">>) => AtTerminal;
  /** Time goes by until the test is over, and with it requests, of which gateways write what they find. */
  readonly letTimePass: (quality: (provider: string) => Quality) => void;
  /** What was done since this world began, the oldest first. */
  readonly audited: () => ReturnType<typeof readAudit>;
};

const tables = ["rollouts", "freezes", "scalings", "trial_findings"];

/** The platforms of a rollout world, for whoever works on them by hand; what other tests left is gone. */
export async function openOperatorWorld(database: Database, url: string): Promise<OperatorWorld> {
  for (const table of tables) await database.query(`DELETE FROM ${table}`);
  const world = await openRolloutWorld(database);
  // The audit is only ever added to.
  const [last] = await readAudit(database.query, { most: 1 });
  const old = createFakePlatform({ clock: world.clock, name: "old", capabilities: { scale: "bounds" } });
  const { near, far, clock } = world;
  const open: Operator["open"] = async (_, __, name) => {
    const platform = { near, far, old }[name];
    if (!platform) throw new TradewindError("provider_forbidden", `${name} may not be looked at`);
    return platform.control();
  };
  return {
    ...{ ...world, old },
    operator: ({ env = { DATABASE_URL: url }, signal = new AbortController().signal } = {}) => {
      const said: string[] = [];
      const tell = (line: string): void => void said.push(line);
      const who: Operator = {
        ...{ clock, chance: systemChance, env, signal, open, tell },
        actor: { id: "cli:ann" },
      };
      const text = (): string => said.join("\n");
      return { who, said, text, json: () => JSON.parse(text()) };
    },
    letTimePass: (quality) => letTimePass(world, quality),
    audited: async () =>
      (await readAudit(database.query, { most: 200 })).filter(({ id }) => id > (last?.id ?? 0)).reverse(),
  };
}

function letTimePass({ clock, measure }: RolloutWorld, quality: (provider: string) => Quality): void {
  let isOver = false;
  const passing = (async () => {
    while (!isOver) {
      await measure(quality);
      clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  onTestFinished(async () => {
    isOver = true;
    await passing;
  });
}
