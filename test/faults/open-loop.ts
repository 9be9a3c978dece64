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
  readonly trace: string;
};

export type Load = {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly perSecond: number;
  readonly forMs: number;
};

/** A client that waits longer than this has hung. */
const patienceMs = 10_000;

/** Requests at times that are fixed beforehand: who comes does not wait for who came before. */
export async function openLoop(load: Load): Promise<readonly Sample[]> {
  const agent = new Agent({ connections: null, keepAliveTimeout: 30_000 });
  const began = now();
  const count = Math.floor((load.forMs * load.perSecond) / 1_000);
  const sent: Promise<Sample>[] = [];
  for (let place = 0; place < count; place += 1) {
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
  const { status, code } = await ask(agent, load, headers).catch(() => ({ status: 0, code: undefined }));
  return { dueMs, lateMs, latencyMs: now() - dueMs, status, code, trace };
}

async function ask(
  dispatcher: Agent,
  { url, path, body }: Load,
  headers: Readonly<Record<string, string>>,
): Promise<Pick<Sample, "status" | "code">> {
  const signal = AbortSignal.timeout(patienceMs);
  const answer = await request(`${url}${path}`, { method: "POST", headers, body, dispatcher, signal });
  const text = await answer.body.text();
  const [, code] = text.match(/"code":"(\w+)"/) ?? [];
  return { status: answer.statusCode, code };
}
