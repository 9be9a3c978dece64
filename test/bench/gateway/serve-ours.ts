import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openChild } from "../inference/child.ts";
import { configuration, type Wanted } from "./configuration.ts";
import { model } from "./constant-answer.ts";
import type { Shape } from "./load-order.ts";
import { nodeFlags, ready, type Server } from "./server.ts";

export type OursOptions = Wanted & {
  readonly root: string;
  /** Empty and this gateway's own. */
  readonly folder: string;
  readonly databaseUrl: string;
  /** Without it, everything that Redis does is done in the process. */
  readonly redisUrl?: string;
  /** Flags of Node, as for a profile. */
  readonly flags?: readonly string[];
  readonly signal: AbortSignal;
};

/** `tradewind serve` as a user starts it, one process. */
export async function serveOurs(options: OursOptions): Promise<Server> {
  const { root, folder, databaseUrl, redisUrl, flags = nodeFlags, signal, ...wanted } = options;
  await mkdir(folder, { recursive: true });
  const config = join(folder, "tradewind.yaml");
  await writeFile(config, configuration(wanted));
  const child = await openChild({
    command: process.execPath,
    args: [...flags, join(root, "infra/main.ts"), "serve", "--config", config, "--port", "0"],
    cwd: folder,
    env: {
      LOG_LEVEL: "warn",
      DATABASE_URL: databaseUrl,
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    },
    signal,
  });
  return await ready(child, async () => {
    const said = (await child.ask(undefined, 60_000)) as Announced;
    if (said.ready) return Number(new URL(said.ready.url).port);
    throw new Error(`the gateway did not start: ${said.failed ?? child.output()}`);
  });
}

type Announced = { readonly ready?: { readonly url: string }; readonly failed?: string };

/** An image as a caller of ours sends it. */
export function ourShape(bytes: number, images: Shape["images"], keys = 1): Shape {
  return {
    ...{ path: `/v1/models/${model}/detect`, form: "image", bytes, images, keys },
    tenant: "bounded",
  };
}

/** The same from a caller who is bound by rates alone. */
export function ratedShape(bytes: number, images: Shape["images"]): Shape {
  return { ...ourShape(bytes, images), tenant: "rated" };
}
