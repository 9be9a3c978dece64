import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { type EdgeConfig, edgeConfigOf, type Said } from "./config.ts";

export type EdgeOptions = {
  readonly config: EdgeConfig;
  /** A token that is good once, for a folder that has no device yet. */
  readonly enrol: string | undefined;
  /** The first root where it came with the device; without it the token says which one it is. */
  readonly root: string | undefined;
  /** What the operator calls such machines. */
  readonly hardware: string;
};

/** The flags of `tradewind edge` over its file, or one error about all that is wrong with them. */
export async function readEdgeOptions(
  args: readonly string[],
  { hardware: usual }: { readonly hardware: string },
): Promise<EdgeOptions> {
  const { values } = readFlags({
    args: [...args],
    options: {
      config: { type: "string" },
      gateway: { type: "string" },
      data: { type: "string" },
      models: { type: "string" },
      mirror: { type: "string", multiple: true },
      proxy: { type: "string" },
      insecure: { type: "boolean" },
      builtin: { type: "string" },
      memory: { type: "string" },
      host: { type: "string" },
      port: { type: "string" },
      workers: { type: "string" },
      every: { type: "string" },
      enrol: { type: "string" },
      root: { type: "string" },
      hardware: { type: "string", default: usual },
    },
  });
  const over = saidBy(values);
  const { config: file, enrol, root, hardware } = values;
  const config = file === undefined ? edgeConfigOf(over) : await readConfig(file, over);
  return { config, enrol, root, hardware: hardware.slice(0, 100) };
}

/** Only a device that has a file keeps what reads YAML in memory. */
async function readConfig(file: string, over: Said): Promise<EdgeConfig> {
  const { parseEdgeConfig } = await import("./config/parse-config.ts");
  return parseEdgeConfig(await readText(file), { file, over });
}

type Values = {
  readonly [flag in
    | "gateway"
    | "data"
    | "models"
    | "proxy"
    | "builtin"
    | "memory"
    | "host"
    | "port"
    | "workers"
    | "every"]?: string;
} & { readonly mirror?: readonly string[]; readonly insecure?: boolean };

/** In the form of the file, and only what was said. */
function saidBy(flags: Values): Said {
  const { gateway, data, models, mirror: mirrors, proxy, insecure, builtin, memory } = flags;
  const { host, port, workers, every } = flags;
  return said({
    ...{ gateway, data, mirrors, proxy, insecure, builtin, memory },
    models: models?.split(",").map((name) => name.trim()),
    answer: said({
      host,
      port: port === undefined ? undefined : readPort(port),
      workers: workers === undefined ? undefined : Number(workers),
    }),
    sync: said({ every }),
  });
}

function said(values: Said): Said {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
