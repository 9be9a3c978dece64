import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../../support/free-port.ts";
import { type Server, serveProgram } from "../../gateway/server.ts";

export type NginxOptions = {
  readonly program: string;
  readonly folder: string;
  readonly backendPort: number;
  readonly signal: AbortSignal;
};

/** A limit for each key and a cache of answers, in one worker. */
export async function serveNginx({ program, folder, backendPort, signal }: NginxOptions): Promise<Server> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  await writeFile(file, configuration(folder, port, backendPort));
  return await serveProgram({
    command: program,
    args: ["-p", folder, "-c", file, "-e", "stderr"],
    ...{ port, cwd: folder, signal },
  });
}

/**
 * nginx hashes no bodies: the key of its cache is the body itself, which therefore stays in memory and goes into the
 * cache's file in front of the answer. The buffer of an answer must hold that key again when it is read back.
 */
function configuration(folder: string, port: number, backendPort: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  client_max_body_size 32m;
  client_body_buffer_size 2m;
  client_body_in_single_buffer on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  tcp_nodelay on;
  limit_req_zone $http_authorization zone=keys:10m rate=1000000r/s;
  proxy_cache_path ${folder}/answers levels=1:2 keys_zone=answers:64m max_size=1g inactive=1m use_temp_path=off;
  upstream backend {
    server 127.0.0.1:${backendPort};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      limit_req zone=keys burst=1000000 nodelay;
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache answers;
      proxy_cache_methods POST;
      proxy_cache_key $request_body;
      proxy_cache_valid 200 10m;
      add_header cache-status $upstream_cache_status;
      proxy_buffer_size 1100k;
      proxy_buffers 8 1100k;
      proxy_busy_buffers_size 2200k;
    }
  }
}
`;
}
