import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line to a port of this machine that carries every byte, as late as a test wants. */
export type SlowLine = AsyncDisposable & {
  readonly port: number;
  /** From now on, each way. */
  readonly delay: (ms: number) => void;
  /** Where new connections lead from now on. */
  readonly leadTo: (port: number) => void;
};

export async function openSlowLine(to: number): Promise<SlowLine> {
  let [port, ms] = [to, 0];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => void setTimeout(() => to.writable && to.write(chunk), ms));
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    delay: (newMs) => {
      ms = newMs;
    },
    leadTo: (newPort) => {
      port = newPort;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
