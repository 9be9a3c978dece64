import type { V1EndpointSlice } from "@kubernetes/client-node";

/** What the API server keeps of one namespace, with the history that watches are told from. */
export type ClusterState = {
  readonly put: (slice: V1EndpointSlice) => void;
  readonly remove: (name: string) => void;
  /** As the API server tells it now: of one service, from a place on. */
  readonly list: (service: string) => readonly V1EndpointSlice[];
  readonly version: () => string;
  /** Everything of a service since then, or undefined where memory does not reach back so far. */
  readonly since: (service: string, version: string) => readonly string[] | undefined;
  /** From now on, until the way to stop is taken. */
  readonly listen: (service: string, tell: (line: string) => void) => () => void;
  /** Forgets its history, as etcd does every few minutes. */
  readonly compact: () => void;
  /** Tells all that listen how far it is. */
  readonly bookmark: () => void;
};

type Change = { readonly version: number; readonly service: string; readonly line: string };

export const serviceLabel = "kubernetes.io/service-name";

export function createClusterState(): ClusterState {
  const slices = new Map<string, V1EndpointSlice>();
  const listeners = new Set<{ readonly service: string; readonly tell: (line: string) => void }>();
  let history: Change[] = [];
  let [version, forgotten] = [1_000, 1_000];
  const serviceOf = (slice: V1EndpointSlice): string => slice.metadata?.labels?.[serviceLabel] ?? "";
  const change = (type: string, slice: V1EndpointSlice): void => {
    version += 1;
    const metadata = { ...slice.metadata, resourceVersion: `${version}` };
    const object = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", ...slice, metadata };
    const name = metadata.name ?? "";
    if (type === "DELETED") slices.delete(name);
    else slices.set(name, object);
    const [service, line] = [serviceOf(slice), lineOf(type, object)];
    history.push({ version, service, line });
    for (const listener of listeners) if (listener.service === service) listener.tell(line);
  };
  return {
    put: (slice) => change(slices.has(slice.metadata?.name ?? "") ? "MODIFIED" : "ADDED", slice),
    remove: (name) => {
      const gone = slices.get(name);
      if (gone) change("DELETED", gone);
    },
    list: (service) => [...slices.values()].filter((slice) => serviceOf(slice) === service),
    version: () => `${version}`,
    since: (service, from) => {
      if (Number(from) < forgotten) return undefined;
      return history.flatMap((one) =>
        one.version > Number(from) && one.service === service ? [one.line] : [],
      );
    },
    listen: (service, tell) => {
      const listener = { service, tell };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    compact: () => {
      version += 1;
      [history, forgotten] = [[], version];
    },
    bookmark: () => {
      version += 1;
      const object = { kind: "EndpointSlice", metadata: { resourceVersion: `${version}` } };
      for (const { tell } of listeners) tell(lineOf("BOOKMARK", object));
    },
  };
}

export function lineOf(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}
