import { delimiter } from "node:path";
import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Settings } from "./settings.ts";

type Sdk = Pick<typeof import("@kubernetes/client-node"), "KubeConfig">;

/** Which cluster is meant, and who this process is there: where kubectl would look too. */
export function loadKubeconfig(
  sdk: Sdk,
  { kubeconfig, context, api }: Pick<Settings, "kubeconfig" | "context" | "api">,
  { env }: Pick<Surroundings, "env">,
): KubeConfig {
  const config = new sdk.KubeConfig();
  const files = kubeconfig === undefined ? (env.KUBECONFIG ?? "").split(delimiter) : [kubeconfig];
  try {
    load(sdk, config, files.filter(Boolean));
  } catch (cause) {
    const where = kubeconfig ?? env.KUBECONFIG ?? "its usual place";
    throw new TradewindError("config_invalid", `the kubeconfig in ${where} cannot be read`, { cause });
  }
  if (context !== undefined) choose(config, context);
  const cluster = config.getCurrentCluster();
  if (cluster === null || isInvented(cluster)) throw noCluster();
  const server = api ?? cluster.server;
  if (!isSafe(server)) throw unsafe(server);
  const user = config.getCurrentUser() ?? { name: "nobody" };
  config.loadFromClusterAndUser({ ...cluster, server: server.replace(/\/+$/, "") }, user);
  return config;
}

function load({ KubeConfig }: Sdk, config: KubeConfig, [first, ...more]: readonly string[]): void {
  if (first === undefined) {
    config.loadFromDefault();
    return;
  }
  config.loadFromFile(first);
  for (const file of more) {
    const other = new KubeConfig();
    other.loadFromFile(file);
    config.mergeConfig(other, true);
  }
}

function choose(config: KubeConfig, context: string): void {
  const names = config.getContexts().map(({ name }) => name);
  config.setCurrentContext(context);
  if (names.includes(context)) return;
  throw new TradewindError("config_invalid", `the kubeconfig has no context "${context}"`, {
    hint: `it has ${names.slice(0, 10).join(", ") || "none"}`,
  });
}

/** What the SDK takes where it found nothing. */
function isInvented({ server }: Cluster): boolean {
  return server === "http://localhost:8080";
}

function noCluster(): TradewindError {
  return new TradewindError("config_invalid", "no Kubernetes cluster is configured", {
    hint: "set KUBECONFIG or kubeconfig, or run in a pod with a service account",
  });
}

/** Its answers say where images are sent, and its requests carry a token. */
function isSafe(server: string): boolean {
  if (!URL.canParse(server)) return false;
  const { protocol, hostname } = new URL(server);
  if (protocol === "https:") return true;
  return protocol === "http:" && (hostname === "localhost" || /^(127(\.\d+){3}|\[::1\])$/.test(hostname));
}

function unsafe(server: string): TradewindError {
  const message = `the cluster's address ${server.slice(0, 200)} is no https address; http is for the loopback`;
  return new TradewindError("config_invalid", message);
}
