import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Connections } from "./behaviour.ts";
import type { Counters } from "./counters.ts";

/** What stands before HTTP: it takes connections, refuses, resets or leaves them unread, as it is told. */
export type Door = {
  readonly port: number;
  readonly become: (connections: Connections) => Promise<void>;
};

export async function openDoor(
  http: Server,
  counters: Counters,
  at: { readonly host: string; readonly port: number },
): Promise<Door> {
  const sockets = new Set<Socket>();
  const unread = new Set<Socket>();
  let mode: Connections = "taken";
  // Node's own server of HTTP would read whatever comes, so connections are handed to it.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    counters.connections += 1;
    counters.openConnections += 1;
    socket.on("error", () => {});
    socket.once("close", () => {
      counters.openConnections -= 1;
      sockets.delete(socket);
      unread.delete(socket);
    });
    if (mode === "unread") unread.add(socket);
    else if (mode === "taken") handOver(socket);
    else socket.resetAndDestroy();
  });
  const handOver = (socket: Socket): void => {
    http.emit("connection", socket);
    socket.resume();
  };
  const readAgain = (socket: Socket): void => {
    if (unread.delete(socket)) handOver(socket);
    else socket.resume();
  };
  const reset = (socket: Socket) => void socket.resetAndDestroy();
  const treat: Record<Connections, (socket: Socket) => void> = {
    taken: readAgain,
    unread: (socket) => void socket.pause(),
    refused: reset,
    reset,
  };
  await once(server.listen(at.port, at.host), "listening");
  const { port } = server.address() as AddressInfo;

  const listen = async (isWanted: boolean): Promise<void> => {
    if (isWanted === server.listening) return;
    if (!isWanted) server.close();
    else await once(server.listen(port, at.host), "listening");
  };
  const become = async (next: Connections): Promise<void> => {
    mode = next;
    for (const socket of sockets) treat[next](socket);
    await listen(next !== "refused");
  };
  return { port, become };
}
