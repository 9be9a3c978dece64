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
};

export async function recordWire({ to }: { readonly to: string }): Promise<RecordedWire> {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  const [sent, heard]: [Buffer[], Buffer[]] = [[], []];
  const pass = (from: Socket, into: Socket, record: Buffer[]): void => {
    sockets.add(from.on("error", () => into.destroy()));
    from.on("data", (chunk: Buffer) => {
      record.push(chunk);
      into.write(chunk);
    });
    from.on("close", () => into.destroy());
  };
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    pass(near, far, sent);
    pass(far, near, heard);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => Buffer.concat(sent),
    heard: () => Buffer.concat(heard),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
