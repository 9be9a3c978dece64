import type { Cluster, Redis } from "ioredis";

/**
 * Holds back what one turn of the event loop writes until its end, so that the requests of that turn cost one write to
 * the kernel together, and not one each; writing is the dearest part of a call.
 */
export function createTurnWriter(client: Redis | Cluster): () => void {
  let holding = false;
  return () => {
    if (holding) return;
    holding = true;
    const streams = connectionsOf(client).map(({ stream }) => stream);
    for (const stream of streams) stream?.cork();
    setImmediate(() => {
      holding = false;
      for (const stream of streams) stream?.uncork();
    });
  };
}

function connectionsOf(client: Redis | Cluster): readonly Pick<Redis, "stream">[] {
  return "nodes" in client ? client.nodes("master") : [client];
}
