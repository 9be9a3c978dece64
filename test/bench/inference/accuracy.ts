import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import type { Detection } from "#inference/contract.ts";
import { evaluate, type Sample } from "../../support/evaluate.ts";
import type { BenchContext, Measured } from "../bench.ts";
import type { PeerPython } from "./make-venv.ts";
import { serveFastapi } from "./serve-fastapi.ts";
import { serveTradewind } from "./serve-tradewind.ts";
import type { Subject } from "./subject.ts";

/** Whoever is quick by answering something else is found out here: both see the same labelled images. */
export async function* measureAccuracy(
  { root, signal }: BenchContext,
  subject: Subject,
  peer: PeerPython,
  samples: readonly Sample[],
): AsyncIterable<Measured> {
  await using resources = new AsyncDisposableStack();
  const { repository, path, name } = subject;
  const backend = resources.use(await serveTradewind({ root, repository, workers: 1, signal }));
  const client = resources.use(createOpenInferenceClient({ url: `http://127.0.0.1:${backend.port}` }));
  const model = await client.describe(name, { signal });
  const options = { conf: 0.001, iou: 0.7, maxDetections: 300 };
  const ours = await evaluate(
    async (image) => (await client.detect({ model, image, options, signal })).detections,
    samples,
  );
  const { python } = "python" in peer ? peer : { python: undefined };
  const served =
    python && resources.use(await serveFastapi({ python, path, threads: 1, intraOp: 1, signal }));
  const theirs = served && (await evaluate((image) => askPeer(served.port, image, signal), samples));
  const note = `${samples.length} labelled scenes, confidence above 0.001, suppression at IoU 0.7`;
  const shared = {
    case: name,
    unit: "",
    better: "higher",
    against: theirs ? "fastapi" : "limit",
    note,
  } as const;
  for (const [metric, figure] of [
    ["mAP50", "map50"],
    ["mAP50-95", "map50To95"],
  ] as const) {
    yield { ...shared, metric, ours: [ours[figure]], ...(theirs && { theirs: [theirs[figure]] }) };
  }
}

type PeerAnswer = {
  readonly boxes: readonly (readonly [number, number, number, number])[];
  readonly scores: readonly number[];
  readonly classes: readonly number[];
};

async function askPeer(port: number, image: Buffer, signal: AbortSignal): Promise<Detection[]> {
  const url = `http://127.0.0.1:${port}/detect?conf=0.001&iou=0.7`;
  const answer = await fetch(url, { method: "POST", body: new Uint8Array(image), signal });
  if (!answer.ok) throw new Error(`the peer answered ${answer.status}`);
  const { boxes, scores, classes } = (await answer.json()) as PeerAnswer;
  return boxes.map(([x1, y1, x2, y2], index) => ({
    name: String(classes[index]),
    class: classes[index] ?? -1,
    score: scores[index] ?? 0,
    box: { x1, y1, x2, y2 },
  }));
}
