import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { repository } from "#test/support/run-tradewind.ts";
import { model } from "./prepare-weights.ts";

/** One image as its client saw it. */
export type Sample = {
  readonly atMs: number;
  readonly latencyMs: number;
  /** 0 where nothing came back. */
  readonly status: number;
  readonly code: string;
  readonly backend: string;
};

export type Doors = { readonly urls: readonly string[]; readonly key: string };

export type Traffic = {
  readonly samples: () => readonly Sample[];
  /** No image leaves any more; resolves when those under way are answered. */
  readonly stop: () => Promise<void>;
};

const patienceMs = 20_000;

export async function readImages(): Promise<readonly Buffer[]> {
  const folder = join(repository, "inference/models/demo/samples");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jpg")).sort();
  return await Promise.all(names.map((name) => readFile(join(folder, name))));
}

/** Images at times that are fixed beforehand, to one gateway after the other, until it is stopped. */
export function sendSteadily(doors: Doors, images: readonly Buffer[], perSecond: number): Traffic {
  const agent = new Agent({ connections: null });
  const samples: Sample[] = [];
  const stop = new AbortController();
  const running = async (): Promise<void> => {
    const began = performance.now();
    const sent: Promise<unknown>[] = [];
    for (let place = 0; !stop.signal.aborted; place += 1) {
      const dueMs = began + (place * 1_000) / perSecond;
      await sleep(Math.max(0, dueMs - performance.now()));
      sent.push(sendOne(agent, doors, images, place, dueMs).then((sample) => samples.push(sample)));
    }
    await Promise.all(sent);
    await agent.close();
  };
  const ended = running();
  return {
    samples: () => samples,
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

/** What the fleet serves when it is asked without a pause, in images a second. */
export async function measureCapacity(doors: Doors, images: readonly Buffer[], ms: number): Promise<number> {
  const agent = new Agent({ connections: null });
  const until = performance.now() + ms;
  let answered = 0;
  const ask = async (first: number): Promise<void> => {
    for (let place = first; performance.now() < until; place += askers) {
      const { status } = await sendOne(agent, doors, images, place, performance.now());
      if (status === 200) answered += 1;
    }
  };
  await Promise.all(Array.from({ length: askers }, (_, first) => ask(first)));
  await agent.close();
  return (answered * 1_000) / ms;
}

const askers = 6;

async function sendOne(
  dispatcher: Agent,
  { urls, key }: Doors,
  images: readonly Buffer[],
  place: number,
  dueMs: number,
): Promise<Sample> {
  const url = `${urls[place % urls.length]}/v1/models/${model}/detect`;
  const body = images[place % images.length] ?? Buffer.alloc(0);
  const headers = { authorization: `Bearer ${key}`, "content-type": "image/jpeg" };
  const signal = AbortSignal.timeout(patienceMs);
  const told = await request(url, { method: "POST", headers, body, dispatcher, signal }).then(
    async (answer) => ({ status: answer.statusCode, ...read(await answer.body.text()) }),
    (error: Error) => ({ status: 0, code: error.message, backend: "" }),
  );
  return { atMs: dueMs, latencyMs: performance.now() - dueMs, ...told };
}

function read(text: string): Pick<Sample, "code" | "backend"> {
  const [, code = ""] = /"code":"(\w+)"/.exec(text) ?? [];
  const [, backend = ""] = /"backend":"([^"]+)"/.exec(text) ?? [];
  return { code, backend };
}
