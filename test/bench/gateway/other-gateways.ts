import { join } from "node:path";
import { serveCaddy } from "../peers/caddy/serve-caddy.ts";
import { serveNginx } from "../peers/nginx/serve-nginx.ts";
import { portkeyShape, providePortkey, servePortkey } from "../peers/portkey/serve-portkey.ts";
import { plainShape } from "./contenders.ts";
import { provideProgram } from "./provide.ts";
import type { Contender } from "./reading.ts";
import type { Stage } from "./stage.ts";

/** Other people's gateways that this machine has or can get; of the others it is said why they are missing. */
export type Others = {
  readonly miss: readonly Contender[];
  /** Those that keep answers. */
  readonly hit: readonly Contender[];
};

export async function openOthers(stage: Stage): Promise<Others> {
  const nginx = await openNginx(stage);
  const all = [await openCaddy(stage), nginx, await openPortkey(stage)];
  return {
    miss: all.filter((one) => one !== undefined),
    hit: nginx ? [nginx] : [],
  };
}

async function openCaddy(stage: Stage): Promise<Contender | undefined> {
  return await openPeer(stage, "caddy", async (options) => {
    const provided = await provideProgram("caddy", { ...options, folder: "usr/bin" });
    if ("skipped" in provided) return provided;
    const server = await serveCaddy({ program: provided.path, ...place(stage, "caddy") });
    return {
      server,
      shape: plainShape,
      note: "reverse_proxy alone: no keys, no limit, no cache; GOMAXPROCS=1",
    };
  });
}

async function openNginx(stage: Stage): Promise<Contender | undefined> {
  return await openPeer(stage, "nginx", async (options) => {
    const provided = await provideProgram("nginx", { ...options, folder: "usr/sbin" });
    if ("skipped" in provided) return provided;
    const server = await serveNginx({ program: provided.path, ...place(stage, "nginx") });
    const note =
      "limit_req by key, proxy_cache whose key is the body itself, in memory of its own; one worker";
    return { server, shape: plainShape, note };
  });
}

async function openPortkey(stage: Stage): Promise<Contender | undefined> {
  return await openPeer(stage, "portkey", async (options) => {
    const provided = await providePortkey(options);
    if ("skipped" in provided) return provided;
    const server = await servePortkey(provided.path, stage.context.signal);
    const note = "1.15.2, JSON with the same image in base64; no keys, no limit, no cache, no metrics";
    return { server, shape: portkeyShape(stage.backendUrl), note };
  });
}

type Opened = Omit<Contender, "name"> | { readonly skipped: string };
type Options = Parameters<typeof providePortkey>[0];

/** A peer that cannot be had or does not start is missing, and nothing else is. */
async function openPeer(
  { context, resources }: Stage,
  name: string,
  open: (options: Options) => Promise<Opened>,
): Promise<Contender | undefined> {
  const { quick, say, signal } = context;
  const opened = await open({ mayInstall: !quick, say, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    return { skipped: String(error) };
  });
  if ("skipped" in opened) {
    say(`SKIPPED ${name}: ${opened.skipped}`);
    return undefined;
  }
  resources.use(opened.server);
  return { name, ...opened };
}

function place(
  { context, backend }: Stage,
  name: string,
): {
  readonly folder: string;
  readonly backendPort: number;
  readonly signal: AbortSignal;
} {
  return { folder: join(context.folder, name), backendPort: backend.port, signal: context.signal };
}
