import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { demoFolder, demoModel, openLocalEdge } from "#test/support/edge-answering.ts";
import { type Answered, post } from "#test/support/post.ts";

const frame = readFileSync(join(demoFolder, "samples/01-320x320.jpg"));
const frameMs = 1_000 / 30;

type Frame = { readonly answeredAt: number; readonly answer: Answered };

/** A camera: one frame after the other at its rate, whether or not the earlier ones were answered. */
async function stream(
  url: string,
  { frames, onAnswer }: { readonly frames: number; readonly onAnswer?: (answered: number) => void },
): Promise<readonly Frame[]> {
  const agent = new Agent({ keepAlive: true });
  const startedAt = performance.now();
  const asked: Promise<Frame>[] = [];
  let count = 0;
  for (let index = 0; index < frames; index += 1) {
    await sleep(Math.max(0, startedAt + index * frameMs - performance.now()));
    const sent = post(`${url}/v1/models/digits/detect`, { headers: {}, body: frame }, { agent });
    const heard = sent.then((answer) => {
      count += 1;
      onAnswer?.(count);
      return { answeredAt: performance.now(), answer };
    });
    asked.push(heard);
  }
  const answered = await Promise.all(asked);
  agent.destroy();
  return answered;
}

function largestGap(frames: readonly Frame[]): number {
  const times = frames.map(({ answeredAt }) => answeredAt).sort((one, other) => one - other);
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}

const versionIn = ({ answer }: Frame): unknown => (answer.json as { version?: unknown } | undefined)?.version;

test("a camera at 30 frames a second loses none over switches of its model, and waits for none", async () => {
  await using edge = await openLocalEdge([]);
  const { running } = edge.answering;
  const { signal } = new AbortController();
  const release = (number: number) =>
    demoModel(number % 2 === 0 ? "digits-s" : "digits-n", { name: "digits", release: number });
  await running.turnTo(release(1), { signal });
  const still: number[] = [];
  const switching: number[] = [];
  for (const number of [2, 3, 4, 5]) {
    still.push(largestGap(await stream(edge.url, { frames: 30 })));
    const some = Promise.withResolvers<void>();
    const onAnswer = (answered: number): void => {
      if (answered === 12) some.resolve();
    };
    const streaming = stream(edge.url, { frames: 45, onAnswer });
    await some.promise;
    await running.turnTo(release(number), { signal });
    const frames = await streaming;
    expect(frames.filter(({ answer }) => answer.status !== 200)).toEqual([]);
    expect(new Set(frames.map(versionIn))).toEqual(new Set([String(number - 1), String(number)]));
    switching.push(largestGap(frames));
  }
  // What else this machine does can only make a gap larger, with a switch or without.
  expect(Math.min(...switching)).toBeLessThanOrEqual(Math.max(2 * frameMs, ...still));
});
