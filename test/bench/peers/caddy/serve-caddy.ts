import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../../support/free-port.ts";
import { type Server, serveProgram } from "../../gateway/server.ts";

export type CaddyOptions = {
  readonly program: string;
  readonly folder: string;
  readonly backendPort: number;
  readonly signal: AbortSignal;
};

/** A plain reverse proxy on one core, since every other side is one process on one core too. */
export async function serveCaddy({ program, folder, backendPort, signal }: CaddyOptions): Promise<Server> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, "Caddyfile");
  await writeFile(file, caddyfile(port, backendPort));
  return await serveProgram({
    command: program,
    args: ["run", "--config", file, "--adapter", "caddyfile"],
    ...{ port, cwd: folder, signal },
    env: { GOMAXPROCS: "1", HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
}

function caddyfile(port: number, backendPort: number): string {
  return `{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://127.0.0.1:${port} {
	bind 127.0.0.1
	reverse_proxy 127.0.0.1:${backendPort} {
		transport http {
			keepalive_idle_conns_per_host 64
		}
	}
}
`;
}
