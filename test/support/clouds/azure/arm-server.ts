import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "#test/support/certificate.ts";
import type { CloudFake, CloudFault } from "../world.ts";
import { type ArmAnswer, armError, faultAnswer } from "./fault-answers.ts";
import { audienceOf } from "./identity-door.ts";
import type { CheckBody } from "./request-models.ts";

/** A call as a route takes it. */
export type ArmRequest = {
  readonly names: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
};

export type ArmRoute = {
  readonly method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  /** Below `/subscriptions/{subscription}`, with names in braces. */
  readonly path: string;
  /** As the provider's permissions name it. */
  readonly action: string;
  /** The SDK's serializer that the body is of; without one there may be no body. */
  readonly body?: string;
  readonly answer: (request: ArmRequest) => ArmAnswer | Promise<ArmAnswer>;
};

export type ArmServerOptions = {
  readonly certificate: Certificate;
  readonly apiVersion: string;
  readonly check: CheckBody;
  readonly routes: readonly ArmRoute[];
  readonly say: (problem: string) => void;
};

export type ArmServer = Pick<CloudFake, "url" | "calls" | "fail"> & {
  readonly server: Listener;
  readonly close: () => Promise<void>;
};

/** A server whose connections can all be broken, and that takes none for a while. */
export type Listener = {
  readonly port: number;
  readonly lose: () => void;
  readonly restore: () => void;
  readonly close: () => Promise<void>;
};

export async function startArmServer(options: ArmServerOptions): Promise<ArmServer> {
  const { apiVersion, check, routes, say, certificate } = options;
  const calls: { readonly action: string; readonly request: unknown }[] = [];
  const faults: { -readonly [Key in keyof CloudFault]: CloudFault[Key] }[] = [];
  const closing = new AbortController();
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));

  const heard = (
    request: IncomingMessage,
    text: string,
    url: URL,
  ): (ArmRequest & { readonly route: ArmRoute }) | ArmAnswer => {
    const found = compiled
      .map(({ route, pattern }) => ({ route, names: pattern.exec(url.pathname)?.groups }))
      .find(({ route, names }) => names && route.method === request.method);
    if (!found?.names) {
      say(`nothing is at ${request.method} ${url.pathname}`);
      return armError(404, "InvalidResourceType", "The resource type could not be found.");
    }
    const { route, names } = found;
    if (audienceOf(request.headers.authorization) !== "https://management.azure.com") {
      say(`${route.action} came without a token for Azure Resource Manager`);
      return armError(401, "InvalidAuthenticationToken", "The access token is invalid.");
    }
    const query = [...url.searchParams].map(([name, value]) => `${name}=${value}`).join("&");
    if (query !== `api-version=${apiVersion}`) say(`${route.action} was asked with ${query}`);
    const body = text === "" ? {} : (JSON.parse(text) as ArmRequest["body"]);
    for (const problem of problemsOf(route, text, body, check)) say(problem);
    calls.push({ action: route.action, request: body });
    return { route, names, body };
  };
  const answerOf = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const taken = heard(request, await bodyOf(request), new URL(request.url ?? "/", "https://arm"));
    if ("status" in taken) return send(response, taken);
    const { action, answer } = taken.route;
    const fault = faults.find((one) => one.action === action && one.times > 0);
    if (fault) fault.times -= 1;
    if (typeof fault?.kind === "string")
      return send(response, faultAnswer(fault.kind, action), fault.kind === "truncated");
    if (fault) await sleep(fault.kind.slowMs, undefined, { signal: closing.signal });
    return send(response, await answer(taken));
  };

  const listener = await listen(certificate, (request, response) => {
    answerOf(request, response).catch((error: unknown) => {
      // Whoever was cut off, by us or by itself, is no fault of the fake.
      if (!closing.signal.aborted && !request.socket.destroyed) say(`the fake failed: ${String(error)}`);
      response.destroy();
    });
  });
  return {
    url: `https://127.0.0.1:${listener.port}`,
    server: listener,
    calls: () => calls,
    fail: (fault) => {
      faults.push({ ...fault });
    },
    close: async () => {
      closing.abort();
      await listener.close();
    },
  };
}

function problemsOf(
  { action, body: serializer }: ArmRoute,
  text: string,
  body: unknown,
  check: CheckBody,
): readonly string[] {
  if (serializer !== undefined) return check(serializer, body);
  return text === "" ? [] : [`${action} takes no body`];
}

/** Listens on a free port of this machine with a certificate that nobody trusts unless told. */
export async function listen(
  { key, cert }: Certificate,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listener> {
  const server: Server = createServer({ key, cert }, answer);
  const sockets = new Set<Socket>();
  let isLost = false;
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    if (isLost) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  let closed: Promise<unknown> | undefined;
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    lose: () => {
      isLost = true;
      breakAll();
    },
    restore: () => {
      isLost = false;
    },
    close: async () => {
      closed ??= once(server.close(), "close");
      breakAll();
      await closed;
    },
  };
}

function patternOf(path: string): RegExp {
  const pattern = path.replace(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>[^/]+)`);
  return new RegExp(`^/subscriptions/(?<subscription>[^/]+)${pattern}$`, "i");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}

function send(response: ServerResponse, { status, body, headers }: ArmAnswer, isCut = false): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  const sent = isCut ? text.slice(0, text.length / 2) : text;
  response
    .writeHead(status, {
      ...(text !== "" && { "content-type": "application/json; charset=utf-8" }),
      "content-length": Buffer.byteLength(sent),
      ...headers,
    })
    .end(sent);
}
