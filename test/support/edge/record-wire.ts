import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line to a server of this machine on which somebody listens: every byte, each way, in its order. */
export type RecordedWire = AsyncDisposable & {
  /** As `to`, by this line. */
  readonly url: string;
  /** What callers sent. */
  readonly sent: () => Buffer;
  /** What they were answered. */
  readonly heard: () => Buffer;
  /** Each connection by itself. */
  readonly connections: () => readonly RecordedConnection[];
};

export type RecordedConnection = { readonly sent: readonly Piece[]; readonly heard: readonly Piece[] };

export type Piece = {
  /** Its place among all pieces of all connections. */
  readonly at: number;
  readonly bytes: Buffer;
};

export async function recordWire({ to }: { readonly to: string }): Promise<RecordedWire> {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  const [sent, heard]: [Buffer[], Buffer[]] = [[], []];
  const connections: RecordedConnection[] = [];
  let at = 0;
  const pass = (from: Socket, into: Socket, record: (bytes: Buffer) => void): void => {
    sockets.add(from.on("error", () => into.destroy()));
    from.on("data", (chunk: Buffer) => {
      record(chunk);
      into.write(chunk);
    });
    from.on("close", () => into.destroy());
  };
  const recordTo =
    (all: Buffer[], own: Piece[]) =>
    (bytes: Buffer): void => {
      all.push(bytes);
      own.push({ at, bytes });
      at += 1;
    };
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    const own: { readonly sent: Piece[]; readonly heard: Piece[] } = { sent: [], heard: [] };
    connections.push(own);
    pass(near, far, recordTo(sent, own.sent));
    pass(far, near, recordTo(heard, own.heard));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => Buffer.concat(sent),
    heard: () => Buffer.concat(heard),
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
