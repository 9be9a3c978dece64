import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createLine, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How a server treats a body: all at once, unless it says otherwise. */
export type BadAnswer = {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** The connection ends after so many bytes. */
  cutAfter?: number;
  /** So long between pieces of so many bytes. */
  drip?: { readonly bytes: number; readonly ms: number };
  /** The answer never ends. */
  endless?: boolean;
  /** Nothing is ever answered. */
  silent?: boolean;
};

export type Misbehave = (usual: BadAnswer, request: IncomingMessage) => BadAnswer | undefined;

export type BadOrigin = AsyncDisposable & {
  /** Where the repository begins. */
  readonly url: string;
  /** Content by address, such as `targets/m/1/any/<sha256>.model.onnx`. */
  readonly files: Map<string, Buffer>;
  /** What befalls the next requests, one each; then `always`. */
  readonly faults: Misbehave[];
  always: Misbehave;
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** Bytes of bodies that were written. */
  sent: number;
};

const base = "/edge/v1/repository/";

/** A repository over HTTP as the gateway serves one, which does wrong what a test wants done wrong. */
export async function startBadOrigin(): Promise<BadOrigin> {
  const server = createServer((request, response) => {
    const { method = "", url: path = "", headers } = request;
    origin.requests.push({ method, path, headers });
    const usual = usualAnswer(origin, request);
    const misbehave = origin.faults.shift() ?? origin.always;
    void send(origin, response, misbehave(usual, request) ?? usual).catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin: BadOrigin = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base.slice(0, -1)}`,
    ...{ files: new Map(), faults: [], always: () => undefined, requests: [], sent: 0 },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return origin;
}

function usualAnswer({ files }: BadOrigin, request: IncomingMessage): BadAnswer {
  const content = files.get((request.url ?? "").slice(base.length));
  const headers = { "tradewind-edge": "1", "content-type": "application/octet-stream" };
  if (!content) return { status: 404, headers, body: Buffer.from("{}") };
  const etag = `"${content.byteLength}"`;
  const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const condition = request.headers["if-range"];
  if (from === undefined || (condition !== undefined && condition !== etag)) {
    return { status: 200, headers: { ...headers, etag }, body: content };
  }
  const end = Math.min(Number(last) + 1, content.byteLength);
  const range = `bytes ${from}-${end - 1}/${content.byteLength}`;
  return {
    status: 206,
    headers: { ...headers, etag, "content-range": range },
    body: content.subarray(Number(from), end),
  };
}

async function send(origin: BadOrigin, response: ServerResponse, answer: BadAnswer): Promise<void> {
  const { status, headers, body, cutAfter, drip, endless, silent } = answer;
  if (silent) return;
  response.writeHead(status, endless ? headers : { "content-length": body.byteLength, ...headers });
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const write = async (bytes: Buffer): Promise<void> => {
    origin.sent += bytes.byteLength;
    if (!response.write(bytes)) await once(response, "drain", { signal: gone.signal }).catch(() => {});
  };
  const end = Math.min(body.byteLength, cutAfter ?? body.byteLength);
  const step = drip?.bytes ?? 16_384;
  for (let at = 0; at < end && !response.destroyed; at += step) {
    await write(body.subarray(at, Math.min(end, at + step)));
    if (drip) await sleep(drip.ms);
  }
  while (endless && !response.destroyed) await write(Buffer.alloc(65_536));
  if (cutAfter === undefined) response.end();
  // What is written must have left before the connection ends.
  else response.socket?.end();
}

export type LineFault =
  /** After so many more bytes towards the caller, on whichever connections, all connections end. */
  | { readonly kind: "cut"; readonly after: number }
  /** The byte after so many more is another one. */
  | { readonly kind: "corrupt"; readonly after: number }
  /** After so many more bytes nothing comes any more, and nothing ends, until the next fault is taken away by `mend()`. */
  | { readonly kind: "black hole"; readonly after: number };

export type BadLine = AsyncDisposable & {
  /** As `to`, by this line. */
  readonly url: string;
  /** What befalls the line, one after the other; a fault counts its bytes from when the one before it was over. */
  readonly faults: LineFault[];
  /** From now on; each way. */
  delayMs: number;
  /** Connections are refused, and those there are end: a cable that is pulled. */
  isAway: boolean;
  /** Towards the caller, all in all. */
  bytes: number;
  /** Faults that were over. */
  over: number;
  /** Takes a black hole away. */
  readonly mend: () => void;
};

/** A line to a server of this machine which breaks as a test wants; of bytes it knows nothing but their number. */
export async function openBadLine({ to }: { readonly to: string }): Promise<BadLine> {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  const dropAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  let [seen, isHole, isAway] = [0, false, false];
  const take = (): void => {
    line.faults.shift();
    line.over += 1;
    seen = 0;
  };
  /** Bytes towards the caller; what it gives is passed on. */
  const meet = (chunk: Buffer): { readonly pass: Buffer; readonly cut: boolean } => {
    const [fault] = line.faults;
    const within = fault && seen + chunk.byteLength > fault.after;
    seen += chunk.byteLength;
    if (isHole) return { pass: Buffer.alloc(0), cut: false };
    if (!fault || !within) return { pass: chunk, cut: false };
    const place = fault.after - (seen - chunk.byteLength);
    if (fault.kind === "corrupt") {
      const changed = Buffer.from(chunk);
      changed[place] = (changed[place] ?? 0) ^ 1;
      take();
      return { pass: changed, cut: false };
    }
    if (fault.kind === "cut") take();
    else isHole = true;
    return { pass: chunk.subarray(0, place), cut: fault.kind === "cut" };
  };
  const later = (work: () => void): void => void (line.delayMs > 0 ? setTimeout(work, line.delayMs) : work());
  const give = (near: Socket, chunk: Buffer): void => {
    const { pass, cut } = meet(chunk);
    line.bytes += pass.byteLength;
    later(() => {
      if (near.writable && pass.byteLength > 0) near.write(pass);
      if (cut) endAll(near);
    });
  };
  /** What was passed on must arrive before its connection ends. */
  const endAll = (near: Socket): void => {
    for (const socket of sockets) if (socket !== near) socket.destroy();
    near.end(() => near.destroy());
  };
  const closed = (socket: Socket, other: Socket): void => {
    sockets.delete(socket);
    if (!isHole) later(() => other.end());
  };
  const server = createLine((near) => {
    sockets.add(near.on("error", () => {}));
    if (isAway) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    sockets.add(far.on("error", () => {}));
    near.on("data", (chunk) => later(() => far.writable && far.write(chunk)));
    far.on("data", (chunk) => give(near, chunk));
    near.on("close", () => closed(near, far));
    far.on("close", () => closed(far, near));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const line: BadLine = {
    url: `http://127.0.0.1:${port}${target.pathname === "/" ? "" : target.pathname}`,
    ...{ faults: [], delayMs: 0, bytes: 0, over: 0 },
    get isAway() {
      return isAway;
    },
    set isAway(away) {
      isAway = away;
      if (away) dropAll();
    },
    mend: () => {
      if (isHole) take();
      isHole = false;
      dropAll();
    },
    [Symbol.asyncDispose]: async () => {
      dropAll();
      server.close();
      await once(server, "close");
    },
  };
  return line;
}
