import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identityName, models, servedDatatypes } from "#test/support/identity-models.ts";
import { type LiveInference, openLiveInference } from "#test/support/live-inference.ts";
import { clientKinds, findTritonClient, type TritonClient } from "#test/support/triton-client.ts";

const { TRITON_CLIENT_SRC: source, TRITON_CLIENT_PYTHON: python } = process.env;
if (!source) console.log("SKIPPED: TRITON_CLIENT_SRC names no checkout of triton-inference-server/client");

let client: TritonClient;
let folder = "";
let image = "";
let live: LiveInference | undefined;

beforeAll(async () => {
  if (!source) return;
  client = await findTritonClient(source, { python });
  folder = await mkdtemp(join(tmpdir(), "triton-client-"));
  image = join(folder, "green.jpg");
  await sharp({ create: { width: 128, height: 96, channels: 3, background: "#00ff00" } }).toFile(image);
  live = await openLiveInference(undefined, { control: { mode: "explicit", load: "all" } });
});
afterAll(async () => {
  await live?.[Symbol.asyncDispose]();
  if (folder !== "") await rm(folder, { recursive: true });
});

test.skipIf(!source)("one half of tritonclient at least can be imported from its checkout", () => {
  const problems = clientKinds.flatMap((kind) => client.problems[kind] ?? []);
  expect(problems.length, problems.join("\n")).toBeLessThan(clientKinds.length);
});

for (const kind of clientKinds) {
  test.skipIf(!source)(
    `the unmodified ${kind} client of tritonclient does everything here`,
    async ({ skip }) => {
      const problem = client.problems[kind];
      if (problem !== undefined) console.log(`SKIPPED: tritonclient's ${kind} half: ${problem}`);
      skip(problem !== undefined, problem);
      const checks = await client.run(kind, { host: live?.host ?? "", image });
      expect(checks.filter(({ error }) => error !== null)).toEqual([]);
      expect(checks.length).toBeGreaterThan(20);
    },
    90_000,
  );
}

const examples = [
  "simple_http_infer_client",
  "simple_http_async_infer_client",
  "simple_http_aio_infer_client",
  "simple_http_model_control",
];

for (const name of examples) {
  test.skipIf(!source)(
    `the example ${name} of tritonclient ends as it does with Triton`,
    async ({ skip }) => {
      const { sync, aio } = client.problems;
      skip(sync !== undefined || aio !== undefined, "tritonclient cannot be imported whole");
      // The example of model control counts the models: Triton's has seven.
      const seven = [models.simple, ...servedDatatypes.slice(0, 6).map(identityName)];
      await using server = await openLiveInference(seven, { control: { mode: "explicit", load: "all" } });
      const example = client.runExample(name, server.host);
      skip(example === undefined, "the checkout has no examples");
      expect(await example).toMatchObject({ code: 0 });
    },
    90_000,
  );
}
