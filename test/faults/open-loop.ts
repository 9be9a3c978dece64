import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";

/** One request as its client saw it. */
export type Sample = {
  /** When it was to leave, in ms since the epoch: what follows is measured from here, however late it left. */
  readonly dueMs: number;
  readonly lateMs: number;
  readonly latencyMs: number;
  /** 0 where nothing came back. */
  readonly status: number;
  /** The code of a refusal. */
  readonly code: string | undefined;
  /** It was told when to come again. */
  readonly hasRetryAfter: boolean;
  readonly trace: string;
};

export type Load = {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly perSecond: number;
  /** No request leaves once it is aborted; those under way are waited for. */
  readonly over: AbortSignal;
};

/** A client that waits longer than this has hung. */
const patienceMs = 10_000;

/** Requests at times that are fixed beforehand: who comes does not wait for who came before. */
export async function openLoop(load: Load): Promise<readonly Sample[]> {
  const agent = new Agent({ connections: null, keepAliveTimeout: 30_000 });
  const began = now();
  const sent: Promise<Sample>[] = [];
  for (let place = 0; !load.over.aborted; place += 1) {
    const dueMs = began + (place * 1_000) / load.perSecond;
    const leftMs = dueMs - now();
    if (leftMs > 0) await sleep(leftMs);
    sent.push(send(agent, load, dueMs));
  }
  try {
    return await Promise.all(sent);
  } finally {
    await agent.destroy();
  }
}

/** As precise as the machine can, and the same in all its processes. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

async function send(agent: Agent, load: Load, dueMs: number): Promise<Sample> {
  const trace = crypto.randomUUID().replaceAll("-", "");
  const lateMs = Math.max(0, now() - dueMs);
  const headers = { ...load.headers, traceparent: `00-${trace}-${trace.slice(16)}-01` };
  const seen = await ask(agent, load, headers).catch(() => nothing);
  return { dueMs, lateMs, latencyMs: now() - dueMs, ...seen, trace };
}

type Reply = Pick<Sample, "status" | "code" | "hasRetryAfter">;

const nothing: Reply = { status: 0, code: undefined, hasRetryAfter: false };

async function ask(
  dispatcher: Agent,
  { url, path, body }: Load,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const signal = AbortSignal.timeout(patienceMs);
  const answer = await request(`${url}${path}`, { method: "POST", headers, body, dispatcher, signal });
  const text = await answer.body.text();
  const [, code] = text.match(/"code":"(\w+)"/) ?? [];
  return { status: answer.statusCode, code, hasRetryAfter: answer.headers["retry-after"] !== undefined };
}
