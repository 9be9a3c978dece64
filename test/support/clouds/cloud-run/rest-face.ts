import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answered, type ApiOptions, answerCall, type Method, methods } from "./api-calls.ts";
import { definition, type Message } from "./contract.ts";
import { fromJson, toJson } from "./json-messages.ts";
import { Refusal, refusalInHttp } from "./refusals.ts";

export type Face = { readonly url: string; readonly close: () => Promise<void> };

/** The API as JSON over HTTP, by the paths of the contract's annotations. */
export async function startRestFace(options: ApiOptions): Promise<Face> {
  const server = createServer((request, response) => {
    if (options.isAway()) {
      request.socket.destroy();
      return;
    }
    answer(options, request, response).catch((error: unknown) => {
      options.complain(`the fake failed: ${String(error)}`);
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answer(
  options: ApiOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { method, message } = await readCall(options, request);
    const { authorization, "x-goog-request-params": routing } = request.headers;
    const call = { method, request: message, authorization, routing: routing?.toString() };
    send(response, method, await answerCall(options, call));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, body } = refusalInHttp(error);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }
}

const resource = "projects/[^/]+/locations/[^/]+";
const routes: readonly (readonly [verb: string, path: RegExp, method: Method])[] = [
  ["GET", new RegExp(`^/v2/(${resource}/services/[^/]+)$`), "GetService"],
  ["GET", new RegExp(`^/v2/(${resource})/services$`), "ListServices"],
  ["PATCH", new RegExp(`^/v2/(${resource}/services/[^/]+)$`), "UpdateService"],
  ["GET", new RegExp(`^/v2/(${resource}/services/[^/]+/revisions/[^/]+)$`), "GetRevision"],
  ["GET", new RegExp(`^/v2/(${resource}/operations/[^/]+)$`), "GetOperation"],
];

type ReadCall = { readonly method: Method; readonly message: Message };

async function readCall({ complain }: ApiOptions, request: IncomingMessage): Promise<ReadCall> {
  const url = new URL(request.url ?? "/", "http://api");
  const route = routes.find(([verb, path]) => verb === request.method && path.test(url.pathname));
  if (!route) {
    complain(`there is no ${request.method} ${url.pathname}`);
    throw new Refusal(5, "Not found");
  }
  const [, path, method] = route;
  const name = path.exec(url.pathname)?.[1] ?? "";
  const query = readQuery(url, method, complain);
  if (method === "ListServices") return { method, message: { parent: name, ...query } };
  if (method !== "UpdateService") return { method, message: { name } };
  if (!request.headers["content-type"]?.startsWith("application/json")) complain("a body that is no JSON");
  const sent = fromJson("google.cloud.run.v2.Service", JSON.parse(await bodyOf(request)), complain);
  if (sent.name !== undefined && sent.name !== name) complain("the body names another service than the path");
  return { method, message: { service: { ...sent, name }, ...query } };
}

function readQuery({ searchParams }: URL, method: Method, complain: (problem: string) => void): Message {
  // Of operations, which are another API's, the SDK asks for no enums.
  if (method !== "GetOperation" && searchParams.get("$alt") !== "json;enum-encoding=int")
    complain("enums are not asked for by number");
  const known: Readonly<Partial<Record<Method, readonly string[]>>> = {
    UpdateService: ["updateMask"],
    ListServices: ["pageSize", "pageToken"],
  };
  for (const key of searchParams.keys())
    if (key !== "$alt" && !known[method]?.includes(key)) complain(`${method} has no query ${key}`);
  const mask = searchParams.get("updateMask");
  // Over JSON a mask's fields are in camel case as often as not; both are taken.
  return mask === null ? {} : { updateMask: { paths: mask.split(",").map(snake) } };
}

function send(response: ServerResponse, method: Method, { message, isTruncated }: Answered): void {
  const text = JSON.stringify(
    method === "UpdateService" || method === "GetOperation" ? operation(message) : json(method, message),
  );
  const body = isTruncated ? text.slice(0, text.length / 2) : text;
  response.writeHead(200, { "content-type": "application/json" }).end(body);
}

function json(method: Method, message: Message): unknown {
  return toJson(methods[method].answer, message);
}

function operation({ response, ...others }: Message): unknown {
  if (response === undefined) return others;
  const { type_url: type, value } = response as { readonly type_url: string; readonly value: Buffer };
  const name = type.split("/").at(-1) ?? "";
  const { deserialize } = definition[name] as { readonly deserialize?: (bytes: Buffer) => object };
  return {
    ...others,
    response: { "@type": type, ...(toJson(name, (deserialize?.(value) ?? {}) as Message) as object) },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

function snake(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
