import { inferPath } from "./constant-answer.ts";
import type { Shape } from "./load-order.ts";
import type { Contender } from "./reading.ts";
import { ourShape, ratedShape } from "./serve-ours.ts";
import { serveModule } from "./server.ts";
import { openOurs, type Stage } from "./stage.ts";

/** Everybody of our own making; each is one process on Node. */
export type Own = {
  readonly ours: Contender;
  /** The same process, asked by a caller whose places and months are bounded too: which takes a second call to settle. */
  readonly bounded: Contender;
  readonly withoutRedis: Contender;
  readonly leased: Contender;
  readonly direct: Contender;
  readonly bareProxy: Contender;
  readonly bareHit: Contender;
  readonly echo: Contender;
};

export async function openOwn(stage: Stage): Promise<Own> {
  const { redisUrl, backend, backendUrl } = stage;
  const peer = (file: string, ...args: string[]) => servePeer(stage, file, args);
  const server = await openOurs(stage, "ours", { redisUrl });
  const leased = await openOurs(stage, "leased", { redisUrl, leased: true });
  return {
    ours: { name: "ours", server, shape: ratedShape },
    bounded: { name: "ours with places and budgets", server, shape: ourShape },
    leased: { name: "ours with a lease", server: leased, shape: ratedShape },
    withoutRedis: { name: "ours without Redis", server: await openOurs(stage, "alone"), shape: ratedShape },
    direct: { name: "direct", server: backend, shape: plainShape },
    bareProxy: await peer("bare-proxy/proxy.ts", redisUrl, backendUrl),
    bareHit: await peer("bare-hit/hit.ts", redisUrl),
    echo: await peer("bare-hit/echo.ts"),
  };
}

async function servePeer({ context, resources }: Stage, file: string, args: string[]): Promise<Contender> {
  const module = new URL(`../peers/${file}`, import.meta.url);
  const server = resources.use(await serveModule({ module, args, signal: context.signal }));
  return { name: names[file] ?? file, server, shape: plainShape };
}

const names: Readonly<Record<string, string>> = {
  "bare-proxy/proxy.ts": "bare proxy",
  "bare-hit/hit.ts": "bare hit",
  "bare-hit/echo.ts": "bare echo",
};

/** The image at the path of the backend itself, which says nothing to the others. */
export function plainShape(bytes: number, images: Shape["images"]): Shape {
  return { path: inferPath, form: "image", bytes, images, keys: 1, tenant: "rated" };
}
