import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  V1Deployment,
  V1Endpoint,
  V1EndpointSlice,
  V2HorizontalPodAutoscaler,
} from "@kubernetes/client-node";
import { selfSigned } from "../../certificate.ts";
import { freePort } from "../../free-port.ts";
import type { CloudFake, CloudFault, Instance, World } from "../world.ts";
import { createClusterState, serviceLabel } from "./cluster-state.ts";
import { answerApi } from "./serve-api.ts";

export type ClusterFake = CloudFake & {
  readonly namespace: string;
  /** Sees to it that a service has so many pods of an image; resolves when it has them, and no others. */
  readonly stand: (
    service: string,
    order: { readonly image: string; readonly pods: number },
  ) => Promise<void>;
  readonly put: (slice: V1EndpointSlice) => void;
  readonly remove: (name: string) => void;
  readonly compact: () => void;
  readonly bookmark: () => void;
  /** Ends what is watched: as a server does after a while, or in the middle of a line. */
  readonly endWatches: (how: "clean" | "broken") => void;
  /** Tells all that watch something that a server never says. */
  readonly say: (line: string) => void;
  readonly watches: () => number;
  readonly deployments: Map<string, V1Deployment>;
  readonly autoscalers: V2HorizontalPodAutoscaler[];
};

export type ClusterOptions = { readonly world: World; readonly pageSize?: number };

/** An API server of one namespace over TLS, as the SDK's own types and the API's documents describe it. */
export async function startCluster({ world, pageSize = 2 }: ClusterOptions): Promise<ClusterFake> {
  const [namespace, token] = ["vision", "a-service-account-token"];
  const state = createClusterState();
  const calls: { readonly action: string; readonly request: unknown }[] = [];
  const problems: string[] = [];
  const faults: { fault: CloudFault; left: number }[] = [];
  const watches = new Set<ServerResponse>();
  const deployments = new Map<string, V1Deployment>();
  const autoscalers: V2HorizontalPodAutoscaler[] = [];
  let isLost = false;
  const { key, cert } = selfSigned(["127.0.0.1"]);
  const server = createServer({ key, cert }, (request, response) => {
    const answered = answerApi(request, response, {
      ...{ namespace, token, state, deployments, watches, pageSize },
      autoscalers: () => autoscalers,
      heard: (action, asked) => calls.push({ action, request: asked }),
      problem: (what) => problems.push(what),
      faultOf: (action) => {
        const found = faults.find(({ fault, left }) => fault.action === action && left > 0);
        if (found) found.left -= 1;
        return found?.fault.kind;
      },
    });
    answered.catch((error: unknown) => {
      problems.push(`the fake itself failed: ${error}`);
      response.destroy();
    });
  });
  server.on("connection", (socket) => {
    if (isLost) socket.destroy();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = await mkdtemp(join(tmpdir(), "tradewind-kubernetes-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(kubeconfigOf({ url, cert, token, namespace })));
  const standing = createStanding({ world, put: state.put, deployments });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    })();
    return closing;
  };
  return {
    ...{ url, namespace, deployments, autoscalers, close },
    env: { KUBECONFIG: kubeconfig },
    calls: () => calls,
    problems: () => problems,
    fail: (fault) => faults.push({ fault, left: fault.times }),
    lose: () => {
      isLost = true;
      server.closeAllConnections();
      void standing.stopAll();
    },
    restore: () => {
      isLost = false;
      void standing.startAll();
    },
    ...{ put: state.put, remove: state.remove, compact: state.compact, bookmark: state.bookmark },
    stand: standing.stand,
    endWatches: (how) => {
      for (const response of watches) {
        if (how === "clean") response.end();
        else response.write('{"type":"MODIF', () => response.destroy());
      }
    },
    say: (line) => {
      for (const response of watches) response.write(line);
    },
    watches: () => watches.size,
    [Symbol.asyncDispose]: close,
  };
}

type KubeconfigParts = Readonly<Record<"url" | "cert" | "token" | "namespace", string>>;

function kubeconfigOf({ url, cert, token, namespace }: KubeconfigParts) {
  const ca = Buffer.from(cert).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "vision", cluster: { server: url, "certificate-authority-data": ca } }],
    users: [
      { name: "gateway", user: { token } },
      { name: "stranger", user: { token: "another" } },
    ],
    contexts: [
      { name: "vision", context: { cluster: "vision", user: "gateway", namespace } },
      { name: "nobody", context: { cluster: "vision", user: "stranger", namespace } },
    ],
    "current-context": "vision",
  };
}

type Standing = {
  readonly stand: ClusterFake["stand"];
  readonly stopAll: () => Promise<void>;
  readonly startAll: () => Promise<void>;
};

type Service = {
  image: string;
  pods: number;
  port: number;
  net: number;
  running: Instance[];
  leaving: Instance[];
};

/** For so long a pod that leaves still answers those who have not heard of it. */
const graceMs = 500;

/** Pods have an address of their own each and share a port, as a deployment's do; who leaves stays until others stand. */
function createStanding({
  world,
  put,
  deployments,
}: {
  readonly world: World;
  readonly put: (slice: V1EndpointSlice) => void;
  readonly deployments: Map<string, V1Deployment>;
}): Standing {
  const services = new Map<string, Service>();
  let started = 0;
  const tell = (name: string, { running, leaving, port }: Service): void => {
    const endpoints = [
      ...running.map((pod) => endpointOf(name, pod, false)),
      ...leaving.map((pod) => endpointOf(name, pod, true)),
    ];
    put(sliceOf({ name: `${name}-1`, service: name, endpoints, port }));
  };
  const startPod = (name: string, service: Service): Instance => {
    started += 1;
    const { image, port, net } = service;
    const pod = world.start({ image, env: {}, host: `127.0.${net}.${started % 250}`, port });
    pod.ready.then(
      () => tell(name, service),
      () => {},
    );
    return pod;
  };
  const settle = async (name: string, service: Service): Promise<void> => {
    const { image, pods } = service;
    const stay = service.running.filter(({ order }) => order.image === image).slice(0, pods);
    const old = service.running.filter((pod) => !stay.includes(pod));
    const fresh = Array.from({ length: pods - stay.length }, () => startPod(name, service));
    service.running = [...stay, ...fresh, ...old];
    deployments.set(name, deploymentOf(name, image, pods));
    tell(name, service);
    await Promise.all(fresh.map((pod) => pod.ready));
    service.running = service.running.filter((pod) => !old.includes(pod));
    service.leaving.push(...old);
    tell(name, service);
    if (old.length > 0) await sleep(graceMs);
    await Promise.all(old.map((pod) => pod.stop()));
    service.leaving = service.leaving.filter((pod) => !old.includes(pod));
    tell(name, service);
  };
  return {
    stand: async (name, { image, pods }) => {
      const net = 20 + services.size;
      const none = { running: [], leaving: [] };
      const known = services.get(name) ?? { image, pods, port: await freePort(), net, ...none };
      services.set(name, Object.assign(known, { image, pods }));
      await settle(name, known);
    },
    stopAll: async () => {
      await Promise.all([...services.values()].flatMap(({ running }) => running.map((pod) => pod.stop())));
    },
    startAll: async () => {
      for (const [name, service] of services) {
        service.running = [];
        await settle(name, service);
      }
    },
  };
}

function endpointOf(service: string, pod: Instance, terminating: boolean): V1Endpoint {
  const serving = pod.state() === "ready";
  return {
    addresses: [pod.order.host ?? "127.0.0.1"],
    conditions: { ready: serving && !terminating, serving, terminating },
    targetRef: { kind: "Pod", name: `${service}-${pod.id}`, namespace: "vision" },
  };
}

type SliceParts = {
  readonly name: string;
  readonly service: string;
  readonly endpoints: readonly V1Endpoint[];
  readonly port?: number;
  readonly addressType?: string;
};

export function sliceOf({
  name,
  service,
  endpoints,
  port = 8_000,
  addressType = "IPv4",
}: SliceParts): V1EndpointSlice {
  return {
    addressType,
    metadata: { name, namespace: "vision", labels: { [serviceLabel]: service } },
    endpoints: [...endpoints],
    ports: [{ name: "http", port, protocol: "TCP" }],
  };
}

function deploymentOf(name: string, image: string, replicas: number): V1Deployment {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "backend", image }] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "vision", generation: 1 },
    spec: { replicas, selector: { matchLabels: labels }, template },
    status: { observedGeneration: 1, replicas, updatedReplicas: replicas, availableReplicas: replicas },
  };
}
