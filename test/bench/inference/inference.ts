import { join } from "node:path";
import type { Bench, BenchContext, Measured } from "../bench.ts";
import { measureAccuracy } from "./accuracy.ts";
import { openLoadGenerator } from "./load-generator.ts";
import { makeVenv } from "./make-venv.ts";
import { measureMemory } from "./memory.ts";
import { measureProtocol } from "./protocol.ts";
import { digitsSubject, writeImages, yoloSubject } from "./subject.ts";
import { measureThroughput } from "./throughput.ts";

export const inferenceBench: Bench = {
  name: "inference",
  describe:
    "the backend: images served against bare loops and against FastAPI, the protocol's cost, accuracy and memory",
  run: measureInference,
};

async function* measureInference(context: BenchContext): AsyncIterable<Measured> {
  await using resources = new AsyncDisposableStack();
  const { quick, root, folder, say, signal } = context;
  const peer = await makeVenv({ mayInstall: !quick, say, signal });
  if ("skipped" in peer) say(`SKIPPED fastapi: ${peer.skipped}; what is held against it is not judged`);
  const samples = await writeImages(join(folder, "images"), quick ? 4 : 36);
  const files = samples.map(({ file }) => file);
  const digits = await digitsSubject(root, folder, files);
  const yolo = await yoloSubject(folder, files);
  const generator = resources.use(await openLoadGenerator(signal));
  const shared = { context, generator, peer };
  yield* measureThroughput({ ...shared, subject: digits, limits: { floor: 1.3, aim: 2 } });
  yield* measureThroughput({ ...shared, subject: yolo, limits: { floor: 1.1, aim: 1.4 } });
  yield* measureAccuracy(context, digits, peer, samples);
  yield* measureProtocol(context, generator);
  yield* measureMemory(context, digits, generator);
}
