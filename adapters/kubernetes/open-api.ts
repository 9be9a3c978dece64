import type { ConfigurationOptions, V1Deployment, V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Surroundings } from "../surroundings.ts";
import { loadKubeconfig } from "./load-kubeconfig.ts";
import { readSlice, type Slice } from "./read-slice.ts";
import { boundedHttp, type Sending } from "./send-bounded.ts";
import type { Settings } from "./settings.ts";
import { type Asked, translated } from "./translate-errors.ts";

/** All that is ever asked of a cluster, in one namespace. */
export type KubernetesApi = {
  /** All slices of a service, and the moment of which they tell. */
  readonly list: (
    service: string,
    signal: AbortSignal,
  ) => Promise<{ readonly slices: readonly Slice[]; readonly version: string }>;
  /** Tells what changed since that moment, a line at a time; resolves when the server has ended it. */
  readonly watch: (service: string, watching: Watching) => Promise<void>;
  readonly deployment: (name: string, signal: AbortSignal) => Promise<V1Deployment>;
  readonly autoscalers: (signal: AbortSignal) => Promise<readonly V2HorizontalPodAutoscaler[]>;
};

export type Watching = {
  readonly version: string;
  /** The server ends it by itself after this long. */
  readonly seconds: number;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
};

const pageSize = 250;
const mostPages = 40;

/** The SDK's own clients with the kubeconfig's identity; loaded only where a configuration names a cluster. */
export async function openApi(settings: Settings, surroundings: Surroundings): Promise<KubernetesApi> {
  const sdk = await import("@kubernetes/client-node");
  const config = loadKubeconfig(sdk, settings, surroundings);
  const { namespace } = settings;
  const discovery = config.makeApiClient(sdk.DiscoveryV1Api);
  const apps = config.makeApiClient(sdk.AppsV1Api);
  const scaling = config.makeApiClient(sdk.AutoscalingV2Api);
  const ask = async <Answer>(
    permission: string,
    sending: Omit<Sending, "asked">,
    call: (options: ConfigurationOptions) => Promise<Answer>,
  ): Promise<Answer> => {
    const asked: Asked = { permission, namespace };
    try {
      return await call({ httpApi: boundedHttp(sdk, { ...sending, asked }) });
    } catch (thrown) {
      throw translated(thrown, asked, sending.signal);
    }
  };
  return {
    list: async (service, signal) => {
      const slices: Slice[] = [];
      const wanted = { namespace, labelSelector: labelOf(service), limit: pageSize };
      for (let page = 0, from: string | undefined; page < mostPages; page += 1) {
        const next = from === undefined ? {} : { _continue: from };
        const answer = await ask("list endpointslices.discovery.k8s.io", { signal }, (options) =>
          discovery.listNamespacedEndpointSlice({ ...wanted, ...next }, options),
        );
        slices.push(...listOf(answer.items).map(readSlice));
        from = answer.metadata?._continue || undefined;
        if (from === undefined) return { slices, version: answer.metadata?.resourceVersion ?? "" };
      }
      throw new TradewindError(
        "provider_answer_invalid",
        `${service} has more than ${mostPages} pages of slices`,
      );
    },
    watch: async (service, { version, seconds, onLine, signal }) => {
      const wanted = { namespace, labelSelector: labelOf(service), resourceVersion: version };
      const watch = { watch: true, allowWatchBookmarks: true, timeoutSeconds: seconds };
      await ask("watch endpointslices.discovery.k8s.io", { signal, onLine }, (options) =>
        discovery.listNamespacedEndpointSlice({ ...wanted, ...watch }, options),
      );
    },
    deployment: (name, signal) =>
      ask("get deployments.apps", { signal }, (options) =>
        apps.readNamespacedDeployment({ namespace, name }, options),
      ),
    autoscalers: async (signal) => {
      const { items } = await ask("list horizontalpodautoscalers.autoscaling", { signal }, (options) =>
        scaling.listNamespacedHorizontalPodAutoscaler({ namespace, limit: pageSize }, options),
      );
      return listOf(items);
    },
  };
}

function labelOf(service: string): string {
  return `kubernetes.io/service-name=${service}`;
}

/** The SDK's types say that it is one; the server decides. */
function listOf<Item>(items: readonly Item[]): readonly Item[] {
  if (Array.isArray(items) && items.length <= pageSize * 4) return items;
  throw new TradewindError("provider_answer_invalid", "the API server answered without a list");
}
