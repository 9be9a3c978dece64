import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../../support/free-port.ts";
import type { Shape } from "../../gateway/load-order.ts";
import { type Provided, type ProvideOptions, provideFolder, run } from "../../gateway/provide.ts";
import { type Server, serveProgram } from "../../gateway/server.ts";

/** Portkey's gateway with the versions below it that it works with. */
export async function providePortkey(options: ProvideOptions): Promise<Provided> {
  const manifest = join(import.meta.dirname, "manifest.json");
  const { signal } = options;
  return await provideFolder({
    ...options,
    name: "portkey",
    contents: await readFile(manifest, "utf8"),
    make: async (folder) => {
      await copyFile(manifest, join(folder, "package.json"));
      const quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      await run("npm", ["install", ...quietly], { cwd: folder, signal });
    },
  });
}

export async function servePortkey(folder: string, signal: AbortSignal): Promise<Server> {
  const port = await freePort();
  const loopback = join(import.meta.dirname, "loopback.ts");
  const start = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  return await serveProgram({
    command: process.execPath,
    args: ["--import", loopback, start, `--port=${port}`, "--headless"],
    ...{ port, cwd: folder, signal },
    env: { NODE_ENV: "production" },
  });
}

/** It takes no image as a body: JSON with the same image in base64, sent on as it came. */
export function portkeyShape(backendUrl: string) {
  return (bytes: number, images: Shape["images"]): Shape => ({
    ...{ path: "/v1/predict", form: "json", bytes, images, keys: 1, tenant: "rated" },
    headers: { "x-portkey-provider": "openai", "x-portkey-custom-host": `${backendUrl}/v1` },
  });
}
