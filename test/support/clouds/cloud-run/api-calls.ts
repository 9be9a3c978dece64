import type { CloudFault } from "../world.ts";
import type { Update } from "./check-update.ts";
import { type Message, messageNamed, packed } from "./contract.ts";
import type { OperationState, Platform } from "./platform.ts";
import {
  conflicted,
  forbidden,
  overQuota,
  Refusal,
  throttled,
  unavailable,
  withoutRoom,
} from "./refusals.ts";
import { revisionMessage, serviceMessage } from "./service-state.ts";

export const methods = {
  GetService: { action: "run.services.get", answer: "google.cloud.run.v2.Service" },
  ListServices: { action: "run.services.list", answer: "google.cloud.run.v2.ListServicesResponse" },
  UpdateService: { action: "run.services.update", answer: "google.longrunning.Operation" },
  GetRevision: { action: "run.revisions.get", answer: "google.cloud.run.v2.Revision" },
  GetOperation: { action: "run.operations.get", answer: "google.longrunning.Operation" },
} as const;

export type Method = keyof typeof methods;

/** One call as either face understood it. */
export type ApiCall = {
  readonly method: Method;
  readonly request: Message;
  readonly authorization: string | undefined;
  /** `x-goog-request-params`. */
  readonly routing: string | undefined;
};

export type Answered = { readonly message: Message; readonly isTruncated: boolean };

export type ApiOptions = {
  readonly platform: Platform;
  readonly isAccess: (token: string) => boolean;
  readonly complain: (problem: string) => void;
  readonly calls: { action: string; request: unknown }[];
  /** The next fault of an action, if one is due. */
  readonly faultOf: (action: string) => CloudFault["kind"] | undefined;
  readonly isAway: () => boolean;
};

/** What both faces of the API do with a call; throws a `Refusal`. */
export async function answerCall(options: ApiOptions, call: ApiCall): Promise<Answered> {
  const { complain, calls, isAccess, faultOf, isAway } = options;
  if (isAway()) throw unavailable();
  const { action } = methods[call.method];
  calls.push({ action, request: call.request });
  const token = /^Bearer (.+)$/.exec(call.authorization ?? "")?.[1];
  if (token === undefined || !isAccess(token)) {
    complain(`${call.method} came without a token of ours`);
    throw new Refusal(16, "Request had invalid authentication credentials.");
  }
  checkRouting(call, complain);
  const fault = faultOf(action);
  if (typeof fault === "object") await new Promise((resolve) => setTimeout(resolve, fault.slowMs).unref());
  else if (fault !== undefined && fault !== "truncated") throw refusalFor(fault, action, resourceOf(call));
  return { message: carryOut(options, call), isTruncated: fault === "truncated" };
}

function carryOut({ platform, complain }: ApiOptions, { method, request }: ApiCall): Message {
  const name = String(request.name ?? "");
  if (method === "GetService") return serviceMessage(platform.service(name));
  if (method === "GetOperation") return operationMessage(platform.operation(name));
  if (method === "ListServices") return listOf(platform, request, complain);
  if (method === "UpdateService") return operationMessage(platform.update(updateOf(request, complain)));
  const { service, revision } = platform.revision(name);
  return revisionMessage(service, revision);
}

/** Of one region, a page of one service at a time if one asks for no larger. */
function listOf(platform: Platform, request: Message, complain: (problem: string) => void): Message {
  const parent = String(request.parent);
  if (parent.endsWith("/-")) complain("services of all regions at once");
  const all = platform.services().filter(({ name }) => name.startsWith(`${parent}/`));
  const from = Number(request.pageToken ?? 0);
  const next = from + Math.min(2, Number(request.pageSize ?? 2));
  const services = all.slice(from, next).map(serviceMessage);
  return { services, ...(next < all.length && { nextPageToken: String(next) }) };
}

function updateOf(request: Message, complain: (problem: string) => void): Update {
  const service = (request.service ?? {}) as Message;
  const { paths = [] } = (request.updateMask ?? {}) as { readonly paths?: readonly string[] };
  if (typeof service.etag !== "string" || service.etag === "") complain("an update without an etag");
  checkMask(service, paths, complain);
  return { name: String(service.name ?? ""), service, paths };
}

/** A mask must name fields that there are, and all that is sent must be named. */
function checkMask(service: Message, paths: readonly string[], complain: (problem: string) => void): void {
  if (paths.length === 0) complain("an update without a mask replaces everything");
  const { fields } = messageNamed("google.cloud.run.v2.Service");
  const named = paths.map((path) => path.split(".").map(camel).join("."));
  const tops = named.map((path) => path.split(".")[0] ?? "");
  for (const top of tops) if (!fields[top]) complain(`the mask names ${top}, which a service has not`);
  const { name: _, etag: __, scaling = {}, ...others } = service;
  const sent = [...fieldsOf(others), ...fieldsOf(scaling as Message).map((field) => `scaling.${field}`)];
  for (const field of sent) if (!named.includes(field)) complain(`${field} is sent and not in the mask`);
}

/** Over JSON the SDK sends empty maps where nothing was said, which is the same to the platform. */
function fieldsOf(message: Message): readonly string[] {
  const isSaid = (value: unknown): boolean =>
    typeof value !== "object" || Object.keys(value ?? {}).length > 0;
  return Object.keys(message).filter((field) => isSaid(message[field]));
}

function checkRouting({ method, request, routing }: ApiCall, complain: (problem: string) => void): void {
  const resource = resourceOf({ method, request });
  const location = /\/locations\/([^/]+)/.exec(resource)?.[1];
  const wanted =
    method === "GetOperation" ? `name=${encodeURIComponent(String(request.name))}` : `location=${location}`;
  if (routing !== wanted) complain(`${method} is routed by ${routing}, not by ${wanted}`);
}

function resourceOf({ method, request }: Pick<ApiCall, "method" | "request">): string {
  if (method === "UpdateService") return String((request.service as Message | undefined)?.name ?? "");
  return String(request.name ?? request.parent ?? "");
}

function refusalFor(fault: string, action: string, resource: string): Refusal {
  if (fault === "forbidden") return forbidden(action, resource);
  if (fault === "throttled") return throttled();
  if (fault === "quota") return overQuota();
  if (fault === "full") return withoutRoom();
  if (fault === "conflict") return conflicted(resource);
  return unavailable();
}

const serviceUrl = "type.googleapis.com/google.cloud.run.v2.Service";

/** As gRPC packs it; the other face writes what is packed as JSON. */
function operationMessage({ name, isDone, result, error }: OperationState): Message {
  if (!isDone) return { name };
  if (error) return { name, done: true, error: { code: error.code, message: error.message } };
  const value = packed("google.cloud.run.v2.Service", result ?? {});
  return { name, done: true, response: { type_url: serviceUrl, value } };
}

function camel(field: string): string {
  return field.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
