import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Deployment, V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import type { CloudFault } from "../world.ts";
import { type ClusterState, lineOf, serviceLabel } from "./cluster-state.ts";

export type ApiOptions = {
  readonly namespace: string;
  readonly token: string;
  readonly state: ClusterState;
  readonly deployments: ReadonlyMap<string, V1Deployment>;
  readonly autoscalers: () => readonly V2HorizontalPodAutoscaler[];
  readonly heard: (action: string, request: unknown) => void;
  readonly problem: (what: string) => void;
  /** The fault that the next call of an action is to meet. */
  readonly faultOf: (action: string) => CloudFault["kind"] | undefined;
  readonly watches: Set<ServerResponse>;
  /** So few slices a page that lists have several. */
  readonly pageSize: number;
};

type Call = { readonly action: string; readonly keys: readonly string[]; readonly name?: string | undefined };

/** What a Role calls a request, and which queries it may have; by the paths of the API's own OpenAPI document. */
function callOf(path: string, query: URLSearchParams, namespace: string): Call | undefined {
  const at = `/namespaces/${namespace}/`;
  if (path === `/apis/discovery.k8s.io/v1${at}endpointslices`) {
    const isWatch = query.get("watch") === "true";
    const listKeys = ["labelSelector", "limit", "continue"];
    const watchKeys = ["labelSelector", "watch", "allowWatchBookmarks", "resourceVersion", "timeoutSeconds"];
    const action = `${isWatch ? "watch" : "list"} endpointslices.discovery.k8s.io`;
    return { action, keys: isWatch ? watchKeys : listKeys };
  }
  const deployments = `/apis/apps/v1${at}deployments/`;
  if (path.startsWith(deployments))
    return { action: "get deployments.apps", keys: [], name: path.slice(deployments.length) };
  if (path === `/apis/autoscaling/v2${at}horizontalpodautoscalers`)
    return { action: "list horizontalpodautoscalers.autoscaling", keys: ["limit", "continue"] };
  return undefined;
}

export async function answerApi(
  request: IncomingMessage,
  response: ServerResponse,
  options: ApiOptions,
): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://server");
  const call = callOf(pathname, query, options.namespace);
  if (request.method !== "GET")
    options.problem(`${request.method} ${pathname}, where nothing may be changed`);
  if (!call) {
    options.problem(`nobody asks for ${pathname}`);
    refuse(response, 404, "NotFound", "the server could not find the requested resource");
    return;
  }
  options.heard(call.action, Object.fromEntries(query));
  for (const key of query.keys())
    if (!call.keys.includes(key)) options.problem(`${call.action} has no query ${key}`);
  if (!`${request.headers.accept}`.includes("application/json"))
    options.problem(`${call.action} accepts ${request.headers.accept}`);
  if (request.headers.authorization !== `Bearer ${options.token}`) {
    refuse(response, 401, "Unauthorized", "Unauthorized");
    return;
  }
  const fault = options.faultOf(call.action);
  if (fault !== undefined && (await meet(fault, call, response))) return;
  const reply = call.action.startsWith("watch") ? watch : answer;
  reply(call, query, response, options);
}

function answer(call: Call, query: URLSearchParams, response: ServerResponse, options: ApiOptions): void {
  const { name, action } = call;
  const found = name === undefined ? bodyOf(action, query, options) : options.deployments.get(name);
  if (found) send(response, found);
  else refuse(response, 404, "NotFound", `deployments.apps "${name}" not found`);
}

function bodyOf(action: string, query: URLSearchParams, options: ApiOptions): object {
  if (action.startsWith("list horizontal")) {
    const list = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscalerList", metadata: {} };
    return { ...list, items: options.autoscalers() };
  }
  const all = options.state.list(serviceOf(query));
  const from = Number(query.get("continue") ?? 0);
  const most = Math.min(options.pageSize, Number(query.get("limit") ?? Number.POSITIVE_INFINITY));
  const more = from + most < all.length ? { continue: `${from + most}` } : {};
  const metadata = { resourceVersion: options.state.version(), ...more };
  const list = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSliceList", metadata };
  return { ...list, items: all.slice(from, from + most) };
}

function serviceOf(query: URLSearchParams): string {
  const [label, service = ""] = (query.get("labelSelector") ?? "").split("=");
  return label === serviceLabel ? service : "";
}

/** An answer without an end, one line for each change; what is too long ago is an error in it, as with the real one. */
function watch(_: Call, query: URLSearchParams, response: ServerResponse, options: ApiOptions): void {
  const { state, problem, watches } = options;
  const [service, version] = [serviceOf(query), query.get("resourceVersion") ?? ""];
  if (!/^\d+$/.test(version)) problem(`a watch from "${version}"`);
  if (!/^\d{1,4}$/.test(query.get("timeoutSeconds") ?? "")) problem("a watch without an end");
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  const missed = state.since(service, version);
  if (missed === undefined) {
    const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    response.end(lineOf("ERROR", gone));
    return;
  }
  for (const line of missed) response.write(line);
  const stop = state.listen(service, (line) => {
    if (!response.writableEnded) response.write(line);
  });
  watches.add(response);
  response.on("close", () => {
    stop();
    watches.delete(response);
  });
}

const refusals = {
  throttled: [429, "TooManyRequests", "the server has received too many requests"],
  quota: [429, "TooManyRequests", "the server has received too many requests"],
  full: [429, "TooManyRequests", "the server has received too many requests"],
  conflict: [410, "Expired", "the provided continue parameter is too old"],
  unavailable: [503, "ServiceUnavailable", "the server is currently unable to handle the request"],
} as const;

/** Whether the fault was the answer. */
async function meet(fault: CloudFault["kind"], { action }: Call, response: ServerResponse): Promise<boolean> {
  if (typeof fault === "object") {
    await sleep(fault.slowMs);
    return false;
  }
  if (fault === "forbidden") {
    const [verb, resource] = action.split(" ");
    const said = `${resource} is forbidden: User "gateway" cannot ${verb} resource`;
    refuse(response, 403, "Forbidden", said);
  } else if (fault === "truncated") {
    response.writeHead(200, { "content-type": "application/json" }).write('{"kind":"EndpointSliceList","ite');
    setTimeout(() => response.destroy(), 5);
  } else {
    const [code, reason, said] = refusals[fault];
    refuse(response, code, reason, said);
  }
  return true;
}

function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
  const retry = code === 429 ? { "retry-after": "0" } : {};
  response.writeHead(code, { "content-type": "application/json", ...retry }).end(JSON.stringify(status));
}

function send(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}
