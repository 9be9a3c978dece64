import cluster from "node:cluster";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { type HostProcess, hostOptions, type Lifecycle, runProcess } from "#infra/runtime/lifecycle.ts";
import { createLog } from "#infra/runtime/log.ts";
import { parseConfig } from "../config.ts";
import { serveGateway } from "../serve.ts";
import { shareOfMachine } from "./share-of-machine.ts";
import { createSharedMetrics, type SharedMetrics } from "./shared-metrics.ts";
import { openWorkerChannel, type WorkerChannel } from "./worker-channel.ts";

/** Longer than the primary's grace, which ends everybody: this one is for a worker that has lost its primary. */
const graceMs = 35_000;

/** One of several gateways on one port, as a process. Resolves to the exit code. */
export function runWorker(process: HostProcess): Promise<number> {
  const channel = openWorkerChannel(process);
  // Without a primary Node would end a worker at once, with all that it has in hand.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  return runProcess((life) => serveAsTold(life, process, channel), {
    ...hostOptions(process),
    process: channel.door,
    graceMs,
  });
}

async function serveAsTold(life: Lifecycle, { env }: HostProcess, channel: WorkerChannel): Promise<void> {
  const { number, workers, configFile, configText, host, port } = await channel.order(life.stopping);
  const config = parseConfig(configText, { file: configFile });
  const metrics = createSharedMetrics({ worker: number, send: channel.send, clock });
  listen(channel, metrics);
  await serveGateway(life, {
    configFile,
    configText,
    config,
    shape: (whole) => shareOfMachine(whole, workers),
    onReload: (reload) => channel.onMessage(({ kind }) => kind === "reload" && reload()),
    host,
    port,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    env,
    workers,
    worker: number,
    metrics: metrics.registry,
    log: createLog({ name: "gateway", level: env.LOG_LEVEL ?? "info" }).child({ worker: number }),
  });
}

function listen({ onMessage, send }: WorkerChannel, metrics: SharedMetrics): void {
  onMessage((message) => {
    if (message.kind === "sum") metrics.take(message.text);
    // What cannot be told is left out of the sum.
    if (message.kind === "tell") {
      void metrics.list().then(
        (told) => send({ told, round: message.round }),
        () => undefined,
      );
    }
  });
}
