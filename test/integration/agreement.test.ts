import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createOpenInferenceClient, type OpenInferenceClient } from "#adapters/open-inference.ts";
import { answersCompared, type ComparedEvent, driftTurned } from "#gateway/agreement/agreement-channels.ts";
import { compareAnswers } from "#gateway/agreement/agreement-of.ts";
import { type Comparer, createComparer } from "#gateway/agreement/compare.ts";
import { DriftWatch, type Turned } from "#gateway/agreement/drift-watch.ts";
import { createSampler, type Sampler } from "#gateway/agreement/sampler.ts";
import type { Detection, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { startBackend } from "#test/support/backend-process.ts";
import { shapeAt } from "#test/support/scene-shapes.ts";
import { scene } from "#test/support/scenes.ts";

const demo = resolve(import.meta.dirname, "../../inference/models/demo");
const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };
const minimum = 0.9;
const many = 60;
const patience = { timeout: 20_000 };

const resources = new AsyncDisposableStack();
let images: readonly Buffer[] = [];
/** Two backends as they are, and one whose labels are shifted by one. */
let well: OpenInferenceClient;
let twin: OpenInferenceClient;
let broken: OpenInferenceClient;

beforeAll(async () => {
  const folder = resources.adopt(await mkdtemp(join(tmpdir(), "agreement-")), (path) =>
    rm(path, { recursive: true }),
  );
  await cp(join(demo, "digits-s"), join(folder, "digits-s"), { recursive: true });
  await writeFile(join(folder, "digits-s", "model.yaml"), "names: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\n");
  [well, twin, broken] = await Promise.all([open(demo), open(demo), open(folder)]);
  images = await Promise.all(Array.from({ length: many }, (_, index) => photo(index)));
});
afterAll(() => resources.disposeAsync());

async function open(models: string): Promise<OpenInferenceClient> {
  const backend = resources.use(await startBackend("--models", models, "--workers", "1"));
  return resources.use(createOpenInferenceClient({ url: backend.url }));
}

async function photo(index: number): Promise<Buffer> {
  const [width, height] = shapeAt(index);
  const { pixels } = scene(5_000_000 + index, { width, height, split: "held-out" });
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

const soon = (): AbortSignal => AbortSignal.timeout(20_000);

async function answersOf(
  client: OpenInferenceClient,
  name: string,
  images: readonly Buffer[],
): Promise<(readonly Detection[])[]> {
  const model: ModelInfo = await client.describe(name, { signal: soon() });
  const answers: (readonly Detection[])[] = [];
  for (const image of images)
    answers.push((await client.detect({ model, image, options, signal: soon() })).detections);
  return answers;
}

function agreements(
  ones: readonly (readonly Detection[])[],
  others: readonly (readonly Detection[])[],
): number[] {
  return ones.map((one, index) => compareAnswers(one, others[index] ?? [], "detect", options).agreement);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function summary(what: string, measured: readonly number[]): string {
  const least = Math.min(...measured).toFixed(3);
  return `${what}: agreement ${mean(measured).toFixed(3)} over ${measured.length} images, least ${least}`;
}

test("the same weights agree wholly and on images that were encoded anew nearly, another model does not", async () => {
  const s = await answersOf(well, "digits-s", images);
  expect(agreements(s, await answersOf(twin, "digits-s", images))).toEqual(images.map(() => 1));
  const coarser = await Promise.all(images.map((image) => sharp(image).jpeg({ quality: 80 }).toBuffer()));
  const jitter = agreements(s, await answersOf(twin, "digits-s", coarser));
  const smaller = agreements(s, await answersOf(well, "digits-n", images));
  console.log(summary("digits-s at JPEG quality 90 against 80", jitter));
  console.log(summary("digits-s against digits-n", smaller));
  expect(mean(jitter)).toBeGreaterThan(0.93);
  expect(mean(smaller)).toBeGreaterThan(0.7);
  expect(mean(smaller)).toBeLessThan(0.88);
});

test("a backend whose labels are shifted is flagged and blamed among three real ones", async () => {
  const clients = new Map([
    ["well", well],
    ["twin", twin],
    ["broken", broken],
  ]);
  const watch = new DriftWatch();
  const [events, turns, requests] = [[] as ComparedEvent[], [] as Turned[], 120];
  await using comparer = createComparer({ watch, clock: systemClock });
  using listening = new DisposableStack();
  listening.defer(answersCompared.subscribe((event) => events.push(event)));
  listening.defer(driftTurned.subscribe((turned) => turns.push(turned)));
  const sampler = createSampler({ clock: systemClock, chance: { number: () => 0 } });
  for (let index = 0; index < requests; index += 1) {
    const first = ["well", "twin", "broken"][index % 3] ?? "";
    const image = images[index % images.length] ?? Buffer.alloc(0);
    compareOne({
      first,
      image,
      clients,
      sampler,
      watch,
      comparer,
      answer: await ask(clients.get(first), image),
    });
    await vi.waitFor(() => expect(comparer.underWay()).toBeLessThan(4), patience);
  }
  await vi.waitFor(() => expect(comparer.underWay()).toBe(0), patience);
  expect(events).toHaveLength(requests);
  expect(watch.standing("digits-s", "broken")).toMatchObject({ state: "drifts", blamed: true });
  expect(watch.decide("digits-s", "broken", { eject: true })).toMatchObject({ flagged: true, eject: true });
  for (const innocent of ["well", "twin"])
    expect(watch.decide("digits-s", innocent, { eject: true })).toMatchObject({
      flagged: false,
      eject: false,
    });
  expect(turns.filter(({ blamed }) => blamed).map(({ backend }) => backend)).toEqual(["broken"]);
  expect(sampler.spentInHour("digits", "agreement")).toBeCloseTo(requests * 1e-6, 9);
});

type Shared = {
  readonly clients: ReadonlyMap<string, OpenInferenceClient>;
  readonly sampler: Sampler;
  readonly watch: DriftWatch;
  readonly comparer: Comparer;
};

type Request = Shared & { readonly first: string; readonly image: Buffer; readonly answer: ImageAnswer };

/** As a gateway does it for a request that was answered. */
function compareOne({ first, image, clients, sampler, watch, comparer, answer }: Request): void {
  const peers = Array.from(clients.keys(), (backend) => ({
    backend,
    usd: 1e-6,
    samples: watch.samples("digits-s", first, backend),
  }));
  const facts = { route: "digits", first, peers, bytes: image.byteLength, isSaturated: false };
  const terms = { what: "agreement", share: 1, usdPerHour: 1, mostBytes: 1_000_000 } as const;
  const sample = sampler.pick(facts, terms);
  if (!sample) throw new Error("nobody was picked");
  const model = { name: "digits-s", task: "detect" } as const;
  const asked = comparer.compare({
    ...{ model, backend: first, first: answer, options, sample, minimum },
    ask: (signal) => ask(clients.get(sample.backend), image, signal),
  });
  expect(asked).toBe(true);
}

const described = new Map<OpenInferenceClient, ModelInfo>();

async function ask(
  client: OpenInferenceClient | undefined,
  image: Buffer,
  signal = soon(),
): Promise<ImageAnswer> {
  if (!client) throw new Error("there is no such backend");
  const model = described.get(client) ?? (await client.describe("digits-s", { signal }));
  described.set(client, model);
  return await client.detect({ model, image, options, signal });
}
