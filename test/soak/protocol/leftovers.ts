import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { BackendProcess } from "../../support/backend-process.ts";
import { render } from "./draft.ts";
import { infer } from "./good-requests.ts";
import { models } from "./models.ts";
import { maxBodyBytes } from "./odd-body.ts";
import { readAnswers } from "./read-answers.ts";

/** So many requests, and so many bytes of them, may be in hand at once. */
const places = 256;
const bytesInHand = 512 * 1_048_576;

/** What requests that are long over have left in hand, as findings; none when everything was given back. */
export async function findLeftovers(backend: BackendProcess): Promise<readonly string[]> {
  const pending = await pendingCounts(backend);
  const held = pending.filter(([, count]) => count !== 0).map(([line]) => `still pending: ${line}`);
  return [
    ...held,
    ...(await fillPlaces(backend)),
    ...(await fillBytes(backend)),
    ...(await notReady(backend)),
  ];
}

async function pendingCounts({
  url,
}: BackendProcess): Promise<readonly (readonly [line: string, count: number])[]> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const lines = metrics.match(/^nv_inference_pending_request_count\{.*$/gm) ?? [];
  if (lines.length === 0) return [["no pending counts are told", Number.NaN]];
  return lines.map((line) => [line, Number(line.slice(line.lastIndexOf(" ")))]);
}

/** As many requests as there are places are let in at once and answered; one more is refused. */
async function fillPlaces({ host, port }: BackendProcess): Promise<readonly string[]> {
  const input = { name: "INPUT0", datatype: "FP32", shape: [1, 2], data: [1, 2] };
  const bytes = render({ host }, infer(models.crowd, { inputs: [input] }));
  const burst = await openBurst(port, places, bytes.subarray(0, bytes.length - 1));
  const [early, [, extra]] = await countRefused(burst, port, bytes);
  for (const { socket } of burst) socket.write(bytes.subarray(bytes.length - 1));
  const statuses = await Promise.all(burst.map(({ status }) => status));
  const failed = statuses.filter((status) => status !== 200).length;
  return [
    ...(early > 0 || failed > 0
      ? [`of ${places} requests at once ${failed} were not answered with 200`]
      : []),
    ...(extra === 503 ? [] : [`request ${places + 1} got ${extra}, so that places are not counted`]),
  ];
}

/** As many of the largest bodies as there is room for are announced; room is taken as they arrive, so they keep nobody out. */
async function fillBytes({ host, port }: BackendProcess): Promise<readonly string[]> {
  const most = bytesInHand / maxBodyBytes;
  const headers = [["content-length", `${maxBodyBytes}`]] as const;
  const announced = render({ host }, { ...infer(models.crowd, { inputs: [] }), headers });
  const burst = await openBurst(port, most, announced);
  const input = { name: "INPUT0", datatype: "FP32", shape: [1, 2], data: [1, 2] };
  const whole = render({ host }, infer(models.crowd, { inputs: [input] }));
  const [early, [, extra]] = await countRefused(burst, port, whole);
  for (const { socket } of burst) socket.destroy();
  return [
    ...(early > 0 ? [`of ${most} announced bodies ${early} found no room`] : []),
    ...(extra === 200 ? [] : [`beside ${most} announced bodies a whole request got ${extra}`]),
  ];
}

type Held = { readonly socket: Socket; readonly status: Promise<number>; readonly answered: () => boolean };

/** Requests that are begun, and of which the backend has seen as much. */
async function openBurst(port: number, count: number, bytes: Buffer): Promise<readonly Held[]> {
  return await Promise.all(Array.from({ length: count }, () => begin(port, bytes)));
}

async function begin(port: number, bytes: Buffer): Promise<Held> {
  const socket = connect({ host: "127.0.0.1", port });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  const closed = once(socket, "close");
  const status = closed.then(() => readAnswers(Buffer.concat(chunks)).answers[0]?.status ?? 0);
  await once(socket, "connect");
  await new Promise((done) => socket.write(bytes, done));
  return { socket, status, answered: () => chunks.length > 0 };
}

/** How many of the burst were refused, seen by the time that one more request has its answer; and what that is. */
async function countRefused(
  burst: readonly Held[],
  port: number,
  bytes: Buffer,
): Promise<readonly [early: number, extra: readonly [Held, number]]> {
  const extra = await begin(port, bytes);
  const status = await extra.status;
  return [burst.filter(({ answered }) => answered()).length, [extra, status]];
}

async function notReady({ url }: BackendProcess): Promise<readonly string[]> {
  const { status } = await fetch(`${url}/v2/health/ready`);
  return status === 200 ? [] : [`the backend says that it is not ready, with ${status}`];
}
