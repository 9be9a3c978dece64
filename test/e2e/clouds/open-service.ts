import { type GatewayProcess, startGateway } from "#test/support/gateway-process.ts";
import { startPostgres } from "#test/support/postgres.ts";
import { type Outcome, runTradewind } from "#test/support/run-tradewind.ts";
import type { Clouds } from "./open-clouds.ts";
import { model } from "./prepare-weights.ts";
import { type FleetProcess, startFleet } from "./start-fleet.ts";

/** Everything of ours, as its own processes: two gateways, two that want to lead the fleet, a database. */
export type Service = AsyncDisposable & {
  readonly gateways: readonly GatewayProcess[];
  readonly fleets: readonly FleetProcess[];
  readonly key: string;
  readonly databaseUrl: string;
  /** A command, as an operator at a machine with both databases and clouds in reach would give it. */
  readonly operate: (...args: readonly string[]) => Promise<Outcome>;
};

export type ServiceOptions = {
  readonly clouds: Clouds;
  readonly sloMs: number;
  /** What a candidate gets before it is promoted. */
  readonly steps: readonly string[];
};

export async function openService({ clouds, sloMs, steps }: ServiceOptions): Promise<Service> {
  await using opening = new AsyncDisposableStack();
  const postgres = opening.use(await startPostgres());
  const env = { ...clouds.env, DATABASE_URL: postgres.url, LOG_LEVEL: "warn" };
  const operate = (...args: readonly string[]): Promise<Outcome> => runTradewind(args, env);
  const made = await operate("keys", "create", "e2e", "--scopes", "infer,metrics");
  const [key = ""] = /tw_[\w-]+/.exec(made.stdout) ?? [];
  if (key === "") throw new Error(`no key was made: ${made.stdout}${made.stderr}`);
  const config = configOf(clouds, sloMs, steps);
  const gateways: GatewayProcess[] = [];
  const fleets: FleetProcess[] = [];
  for (const _ of [1, 2]) gateways.push(opening.use(await startGateway({ config, backend: "", env })));
  for (const _ of [1, 2]) fleets.push(opening.use(await startFleet(env)));
  const opened = opening.move();
  return {
    gateways,
    fleets,
    key,
    operate,
    databaseUrl: postgres.url,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function configOf({ providers }: Clouds, sloMs: number, steps: readonly string[]) {
  return {
    models: { [model]: { source: "deployed" } },
    providers,
    routes: [
      {
        models: [model],
        slo: `${sloMs}ms`,
        failover: [["aws", "azure"], ["gcp"]],
        cache: "off",
        agreement: { share: "20%", minimum: 0.9 },
      },
    ],
    fleet: { every: "1s", rollout: { order: ["azure", "gcp", "aws"], steps, bake: "5s", patience: "6m" } },
  };
}
