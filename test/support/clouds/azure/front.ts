import { request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "#test/support/certificate.ts";
import type { Instance } from "../world.ts";
import { type Listener, listen } from "./arm-server.ts";

export type FrontOptions = {
  readonly certificate: Certificate;
  /** Chooses for a call who could take it; what it answers with is asked until one is ready. */
  readonly choose: () => () => readonly Instance[];
  /** Whether it may come in; anybody unless said. */
  readonly mayEnter?: (request: IncomingMessage) => boolean;
  /** How long a call is held while nobody is ready. */
  readonly patienceMs?: number;
};

/** What stands before the instances of an app: it ends the encryption, asks for a token and hands calls on by turns. */
export function startFront({
  certificate,
  choose,
  mayEnter = () => true,
  patienceMs = 10_000,
}: FrontOptions): Promise<Listener> {
  let turn = 0;
  const next = async (): Promise<Instance | undefined> => {
    const instances = choose();
    for (let waited = 0; waited < patienceMs; waited += 20) {
      const all = instances();
      const ready = all.filter((one) => one.state() === "ready");
      turn += 1;
      if (ready.length > 0) return ready[turn % ready.length];
      if (!all.some((one) => one.state() === "starting")) return undefined;
      await sleep(20);
    }
    return undefined;
  };
  return listen(certificate, (request, response) => {
    if (!mayEnter(request)) return refuse(response, 401);
    next().then(
      (instance) => (instance ? handOn(request, response, instance) : refuse(response, 503)),
      () => refuse(response, 503),
    );
  });
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "text/html" }).end("<html></html>");
}

function handOn(request: IncomingMessage, response: ServerResponse, { url }: Instance): void {
  const { method, headers } = request;
  const onward = ask(new URL(request.url ?? "/", url), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  onward.on("error", () => {
    if (response.headersSent) response.destroy();
    else refuse(response, 502);
  });
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
