import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, type Socket, Server as TcpServer } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { TradewindError } from "./errors.ts";
import { answerMalformed, refuseMalformed, refuseRequest } from "./refuse-malformed.ts";

export type HttpServer = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Takes nothing new, waits for what is under way; twice is fine. */
  readonly close: () => Promise<void>;
};

export type HttpServerOptions = {
  readonly fetch: (request: Request, bindings?: object) => Response | Promise<Response>;
  /** Takes a request over as Node has it, or says that it does not: for the one path where `fetch` costs too much. */
  readonly hot?: HotDoor;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** A client that sends its headers slower than this is cut off. */
  readonly headersTimeoutMs?: number;
  /** A client that sends its whole request slower than this is cut off. */
  readonly requestTimeoutMs?: number;
  /** A client that stops reading its answer for this long is cut off. */
  readonly unreadMs?: number;
};

export type HotDoor = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/** Listens, or says in one line why it can't. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { fetch, hot, host, port, headersTimeoutMs = 10_000, requestTimeoutMs = 60_000 } = options;
  const serverOptions = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // The sweep that enforces both runs every 30 s by default, which would make a 10 s limit a 40 s one.
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
    // Node would refuse with a status and not a word; we do, with both.
    requireHostHeader: false,
  };
  const server = await new Promise<Server>((resolve, reject) => {
    const listener = getRequestListener(fetch, {
      hostname: host,
      overrideGlobalObjects: false,
      errorHandler,
    });
    const made = createServer(serverOptions, (incoming, outgoing) => {
      if (lacksHost(incoming)) refuseRequest(outgoing, "the request has no host header");
      else if (!hot?.(incoming, outgoing)) void listener(incoming, outgoing);
    });
    made.on("checkExpectation", (_, outgoing: ServerResponse) => {
      refuseRequest(outgoing, "expect: 100-continue is the only expectation that can be met");
    });
    made.listen(port, host, () => resolve(made));
    made.once("error", (error) => reject(cannotListen(error, host, port)));
  });
  server.on("clientError", refuseMalformed);
  const connections = watchConnections(server, options.unreadMs ?? 30_000);
  const { port: opened } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeServer(server, connections);
    return closing;
  };
  return { url: urlOf(host, opened), port: opened, close, [Symbol.asyncDispose]: close };
}

function lacksHost({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === "1.1" && headers.host === undefined;
}

/** What the app itself throws it answers itself. */
function errorHandler(error: unknown): Response {
  return error instanceof RequestError ? answerMalformed() : new Response(null, { status: 500 });
}

function cannotListen(error: Error & { readonly code?: string }, host: string, port: number): TradewindError {
  const where = `${host}:${port}`;
  if (error.code === "EADDRINUSE") {
    const hint = "stop what listens there, or choose another with --port";
    return new TradewindError("port_unavailable", `port ${port} on ${host} is already in use`, {
      cause: error,
      hint,
    });
  }
  if (error.code === "EACCES") {
    const hint = "ports below 1024 need more rights; choose another with --port";
    return new TradewindError("port_unavailable", `not allowed to listen on ${where}`, {
      cause: error,
      hint,
    });
  }
  return new TradewindError(
    "port_unavailable",
    `cannot listen on ${where} (${error.code ?? "unknown reason"})`,
    {
      cause: error,
    },
  );
}

type Connections = {
  /** Destroys those without a request in hand: at once where not a byte came, else when they had time to send one. */
  readonly endUnused: (options: { readonly waited: boolean }) => void;
  /** Is an answer written whose bytes have not all left? */
  readonly isFlushing: () => boolean;
};

function watchConnections(server: Server, unreadMs: number): Connections {
  const open = new Set<Socket>();
  const inHand = new Map<ServerResponse, Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", ({ socket }, response) => {
    inHand.set(response, socket);
    response.once("prefinish", () => endUnread(response, socket, unreadMs));
    response.once("close", () => inHand.delete(response));
  });
  const endUnused: Connections["endUnused"] = ({ waited }) => {
    const busy = new Set(inHand.values());
    for (const socket of open) {
      if (!busy.has(socket) && (waited || socket.bytesRead === 0)) socket.destroy();
    }
  };
  const isFlushing = (): boolean => [...inHand.keys()].some((response) => response.writableEnded);
  return { endUnused, isFlushing };
}

const smallAnswer = 65_536;

/** An answer stays in memory for as long as its client takes to read it. What Node does at a timeout is to hang up. */
function endUnread(response: ServerResponse, socket: Socket, unreadMs: number): void {
  if (socket.writableLength < smallAnswer) return;
  socket.setTimeout(unreadMs);
  response.once("finish", () => {
    // Otherwise Node has set it anew, for a connection that rests.
    if (socket.timeout === unreadMs) socket.setTimeout(0);
  });
}

/**
 * Node closes connections that rest between two requests, but not those that never sent one (a browser's spare, a
 * balancer's check), nor those that fall idle later: either would hold the close open for as long as it likes. And it
 * takes one for resting whose answer is written but has not left yet, which it would cut short.
 */
async function closeServer(server: Server, connections: Connections): Promise<void> {
  let sweeps = 0;
  const endResting = (): void => {
    if (!connections.isFlushing()) server.closeIdleConnections();
  };
  const sweep = setInterval(() => {
    sweeps += 1;
    endResting();
    connections.endUnused({ waited: sweeps > 20 });
  }, 50);
  try {
    await new Promise<void>((resolve, reject) => {
      // The HTTP server's own `close` would end what rests at once.
      TcpServer.prototype.close.call(server, (error) => (error ? reject(error) : resolve()));
      endResting();
      connections.endUnused({ waited: false });
    });
  } finally {
    clearInterval(sweep);
    // With nothing open any more this only stops what watches over connections.
    server.close(() => {});
  }
}

function urlOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
