import process from "node:process";
import { type Freshened, freshen as freshenOnce } from "#gateway/repository/freshen.ts";
import { keepFresh } from "#gateway/repository/keep-fresh.ts";
import { openOnlineKey } from "#gateway/repository/online-key.ts";
import type { SigningKey } from "#gateway/repository/signing-key.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { describeFailure } from "#infra/runtime/lifecycle.ts";
import { positions, required } from "./read-repository-flags.ts";
import { type AtRepository, withRepository } from "./with-repository.ts";

const options = {
  store: { type: "string" },
  "online-key": { type: "string" },
  watch: { type: "boolean", default: false },
} as const;

/** `models freshen`: names what was published, and says that it is the newest; exit code 1 where something was refused. */
export function freshen(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  positions(positionals, 0, "freshen --store URL --online-key O.pem [--watch]");
  const store = required("store", values.store);
  const place = required("online-key", values["online-key"]);
  return async () => {
    const key = await openOnlineKey(place, process.env);
    return await withRepository(store, async (at) => {
      if (values.watch) return await watch(at, key);
      const freshened = await freshenOnce(at.repository, [key], { signal: at.signal });
      tell(freshened);
      return freshened.refused.length > 0 ? 1 : 0;
    });
  };
}

/** Until a signal comes. */
async function watch({ repository, signal }: AtRepository, key: SigningKey): Promise<number> {
  const unlisten = sideConcernSkipped.subscribe(
    ({ error }) => void process.stderr.write(`tradewind models: ${describeFailure(error)}\n`),
  );
  try {
    await using _kept = keepFresh({
      ...{ store: repository.store, key, clock: systemClock },
      onTurn: (freshened) => freshened.wrote.length > 0 && tell(freshened),
    });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    return 0;
  } finally {
    unlisten();
  }
}

function tell({ wrote, named, timestamp, freshUntilMs, refused }: Freshened): void {
  const lines = [
    ...refused.map(({ key, why }) => `refused ${key}: ${why}`),
    wrote.length === 0 ? "all is fresh" : `wrote ${wrote.join(", ")}`,
    `timestamp ${timestamp} names ${[...named].map(([role, version]) => `${role} ${version}`).join(", ")}`,
    `fresh until ${new Date(freshUntilMs).toISOString()}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
