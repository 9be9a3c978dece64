import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { TradewindError } from "./errors.ts";

export type HttpServer = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Takes nothing new, waits for what is under way; twice is fine. */
  readonly close: () => Promise<void>;
};

export type HttpServerOptions = {
  readonly fetch: (request: Request, bindings?: object) => Response | Promise<Response>;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** A client that sends its headers slower than this is cut off. */
  readonly headersTimeoutMs?: number;
  /** A client that sends its whole request slower than this is cut off. */
  readonly requestTimeoutMs?: number;
};

/** Listens, or says in one line why it can't. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { fetch, host, port, headersTimeoutMs = 10_000, requestTimeoutMs = 60_000 } = options;
  const serverOptions = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // The sweep that enforces both runs every 30 s by default, which would make a 10 s limit a 40 s one.
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
  };
  const server = await new Promise<Server>((resolve, reject) => {
    const made = serve({ fetch, hostname: host, port, serverOptions, overrideGlobalObjects: false }, () =>
      resolve(made as Server),
    );
    made.once("error", (error) => reject(cannotListen(error, host, port)));
  });
  const address = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeServer(server);
    return closing;
  };
  return { url: urlOf(host, address.port), port: address.port, close, [Symbol.asyncDispose]: close };
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

/** A connection that was busy at the close falls idle later, and would then hold the close open for its keep-alive time. */
async function closeServer(server: Server): Promise<void> {
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeIdleConnections();
    });
  } finally {
    clearInterval(sweep);
  }
}

function urlOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
