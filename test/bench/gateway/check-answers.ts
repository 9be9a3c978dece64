import type { Contender } from "./reading.ts";
import { openRequestWriter } from "./request-writer.ts";

/** What is measured must be what is meant: five boxes from every side, and from a cache where it says so. */
export async function checkAnswers(
  all: readonly Contender[],
  keeping: readonly Contender[],
  signal: AbortSignal,
): Promise<void> {
  for (const contender of all) {
    const first = await ask(contender, 1, signal);
    const again = await ask(contender, 1, signal);
    const other = await ask(contender, "unique", signal);
    for (const { boxes } of [first, again, other]) {
      if (boxes !== 5) throw new Error(`${contender.name} answered ${boxes} boxes instead of 5`);
    }
    if (other.hit) throw new Error(`${contender.name} answered an image from its cache that it never saw`);
    if (keeping.includes(contender) && !again.hit) {
      throw new Error(`${contender.name} did not answer the same image from its cache`);
    }
  }
}

type Seen = { readonly boxes: number; readonly hit: boolean };

async function ask(
  { name, server, shape }: Contender,
  images: "unique" | number,
  signal: AbortSignal,
): Promise<Seen> {
  const { head, body } = take(openRequestWriter(shape(2_048, images)).next());
  const [request = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  const answer = await fetch(`http://127.0.0.1:${server.port}${request.split(" ")[1]}`, {
    method: "POST",
    headers: headers.filter(([name]) => name !== "host" && name !== "content-length"),
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
  const text = await answer.text();
  if (answer.status !== 200) {
    throw new Error(`${name} answered ${answer.status}: ${text.slice(0, 500)}\n${server.output()}`);
  }
  return { boxes: countBoxes(text), hit: /\bhit\b/i.test(answer.headers.get("cache-status") ?? "") };
}

function take(request: Buffer): { readonly head: string; readonly body: Uint8Array<ArrayBuffer> } {
  const end = request.indexOf("\r\n\r\n");
  return { head: request.toString("latin1", 0, end), body: Uint8Array.from(request.subarray(end + 4)) };
}

/** In our own words, or in those of the protocol. */
function countBoxes(text: string): number {
  const { detections, outputs } = JSON.parse(text) as Answer;
  return detections?.length ?? outputs?.find(({ name }) => name === "counts")?.data[0] ?? 0;
}

type Answer = {
  readonly detections?: readonly unknown[];
  readonly outputs?: readonly { readonly name: string; readonly data: readonly number[] }[];
};
