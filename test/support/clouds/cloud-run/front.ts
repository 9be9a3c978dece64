import { once } from "node:events";
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { MetadataServer } from "./metadata-server.ts";
import type { Platform } from "./platform.ts";
import type { RevisionState, ServiceState, Target } from "./service-state.ts";

export type FrontOptions = {
  readonly platform: () => Platform;
  readonly vouched: Pick<MetadataServer, "refuses">;
  /** Whether a call needs an identity token. */
  readonly isPublic: boolean;
  readonly isAway: () => boolean;
  readonly heard: () => void;
};

/** The addresses of services and of their tags. */
export type Fronts = {
  /** Ports are taken beforehand, since an address is asked for at once. */
  readonly reserve: (count: number) => Promise<void>;
  readonly addressOf: (service: string, tag: string | undefined) => string;
  readonly close: () => Promise<void>;
};

type Place = { readonly service: string; readonly tag: string | undefined };

export function createFronts(options: FrontOptions): Fronts {
  const servers: Server[] = [];
  const free: { readonly url: string; readonly use: (place: Place) => void }[] = [];
  const urls = new Map<string, string>();
  const open = async (): Promise<void> => {
    let place: Place | undefined;
    const split = createSplit();
    const server = createServer((request, response) => {
      if (options.isAway() || !place) request.socket.destroy();
      else void answer(options, { place, split }, request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
    const use = (wanted: Place): void => {
      place = wanted;
    };
    free.push({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, use });
  };
  return {
    reserve: async (count) => {
      await Promise.all(Array.from({ length: count }, open));
    },
    addressOf: (service, tag) => {
      const key = `${service} ${tag ?? ""}`;
      const known = urls.get(key);
      if (known !== undefined) return known;
      const front = free.shift();
      if (!front) throw new Error("the fake has no address left: reserve more");
      front.use({ service, tag });
      urls.set(key, front.url);
      return front.url;
    },
    close: async () => {
      for (const server of servers) {
        if (!server.listening) continue;
        server.close();
        server.closeAllConnections();
        await once(server, "close");
      }
    },
  };
}

type At = { readonly place: Place; readonly split: (targets: readonly Target[]) => Target | undefined };

async function answer(
  options: FrontOptions,
  at: At,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refuse = (status: number, words: string): void => {
    request.resume();
    response.writeHead(status, { "content-type": "text/html" }).end(`<html>${words}</html>`);
  };
  const service = options.platform().service(at.place.service);
  const [status, why] = lets(options, service, request);
  if (status !== 200) return refuse(status, why);
  options.heard();
  const revision = revisionFor(service, at);
  if (!revision) return refuse(404, "Page not found");
  const lease = await revision.pool.take();
  if (!lease) return refuse(429, "Rate exceeded.");
  response.once("close", lease.release);
  if (request.destroyed) return lease.release();
  forward(lease.url, request, response);
}

function lets(
  { vouched, isPublic }: FrontOptions,
  { uri, customAudiences }: ServiceState,
  { headers }: IncomingMessage,
): readonly [status: number, why: string] {
  if (isPublic) return [200, ""];
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  if (token === undefined) return [403, "Your client does not have permission to get this URL"];
  const why = vouched.refuses(token, [uri, ...customAudiences]);
  return why === undefined ? [200, ""] : [401, why];
}

function revisionFor({ statuses, revisions }: ServiceState, { place, split }: At): RevisionState | undefined {
  const { tag } = place;
  const target = tag === undefined ? split(statuses) : statuses.find((status) => status.tag === tag);
  return revisions.get(target?.revision ?? "");
}

/** By percent, and evenly: who is furthest behind its share is next. */
function createSplit(): At["split"] {
  const owed = new Map<string, number>();
  const owedTo = ({ revision = "" }: Target): number => owed.get(revision) ?? 0;
  const add = (target: Target, percent: number): void => {
    owed.set(target.revision ?? "", owedTo(target) + percent);
  };
  return (targets) => {
    const paid = targets.filter(({ percent = 0 }) => percent > 0);
    for (const target of paid) add(target, target.percent ?? 0);
    const [next] = [...paid].sort((a, b) => owedTo(b) - owedTo(a));
    if (next) add(next, -100);
    return next;
  };
}

function forward(url: string, request: IncomingMessage, response: ServerResponse): void {
  const { host: _, authorization: __, connection: ___, ...headers } = request.headers;
  const { hostname, port } = new URL(url);
  const onward = ask({ hostname, port, method: request.method, path: request.url, headers, agent: false });
  onward.on("response", (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
    answered.on("error", () => response.destroy());
  });
  onward.on("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503).end();
  });
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
