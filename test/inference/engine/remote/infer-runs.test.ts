import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { TensorSpec, Tensors } from "#inference/contract.ts";
import { inferRuns } from "#inference/engine/remote/infer-runs.ts";
import { openUpstreamHttp } from "#inference/engine/remote/upstream-http.ts";
import { batching, failure, images, openColours, output0, scores, soon } from "./open-colours.ts";

const { signal } = new AbortController();
const side = 64 * 64;

test("a server that answers in JSON whatever it is asked is understood too", async () => {
  await using setup = await openColours({}, { habit: "mlserver", versions: ["2"], jsonOnly: true });
  const { outputs } = await setup.engine.run(images([0.5, 0.25, 1]), { signal });
  expect(scores(outputs)).toEqual([[0.5, 0.25, 1]]);
});

test("half-precision tensors cross as their bits, both ways", async () => {
  const outputs: TensorSpec[] = [{ ...output0, datatype: "FP16" }];
  await using setup = await openColours({ outputs }, { datatype: "FP16" });
  const data = new Uint16Array(3 * side).fill(0x3800, 0, side).fill(0x3c00, 2 * side);
  const inputs: Tensors = { images: { datatype: "FP16", shape: [1, 3, 64, 64], data } };
  const answer = await setup.engine.run(inputs, { signal });
  expect(answer.outputs.output0?.datatype).toBe("FP16");
  expect(Array.from([0, 16, 21, 26], (at) => answer.outputs.output0?.data[at])).toEqual([
    0x5000, 0x3800, 0, 0x3c00,
  ]);
});

test("of a batch that the upstream refuses each run is tried alone, so that one bad input fails only its caller", async () => {
  await using setup = await openColours({ batching }, { fault: "held" });
  const first = setup.engine.run(images([1, 0, 0]), { signal });
  const good = setup.engine.run(images([0.5, 0, 0]), { signal });
  const bad = setup.engine.run(images([Number.POSITIVE_INFINITY, 0, 0]), { signal });
  await soon(() => expect(setup.upstream.inferred).toHaveLength(1));
  setup.upstream.fault = undefined;
  setup.upstream.letGo();
  const refused = failure(bad);
  await first;
  expect(scores((await good).outputs)).toEqual([[0.5, 0, 0]]);
  expect(await refused).toMatchObject({ code: "backend_failed" });
  expect(setup.upstream.inferred.map(({ rows }) => rows)).toEqual([1, 2, 1, 1]);
});

test.each([
  ["full", "backend_full"],
  ["throttled", "backend_full"],
  ["broken", "backend_failed"],
  ["error-page", "backend_failed"],
  ["reset", "backend_failed"],
  ["cut", "backend_failed"],
  ["page", "backend_answer_invalid"],
  ["no-http", "backend_answer_invalid"],
  ["too-large", "backend_answer_invalid"],
  ["too-large-unannounced", "backend_answer_invalid"],
  ["wrong-shape", "backend_answer_invalid"],
  ["wrong-rows", "backend_answer_invalid"],
  ["wrong-datatype", "backend_answer_invalid"],
  ["no-output", "backend_answer_invalid"],
  ["short-tensor", "backend_answer_invalid"],
] as const)(
  "an upstream that fails by '%s' is a %s, in our words, and the next run is fine",
  async (fault, code) => {
    await using setup = await openColours({ batching, maxAnswerBytes: 1_000_000 }, { fault });
    const error = await failure(setup.engine.run(images([1, 0, 0]), { signal }));
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).not.toMatch(/secret|html|output1/);
    setup.upstream.fault = undefined;
    expect(scores((await setup.engine.run(images([1, 0, 0]), { signal })).outputs)).toEqual([[1, 0, 0]]);
  },
);

test("an answer larger than allowed is cut off, announced or not", async () => {
  for (const fault of ["too-large", "too-large-unannounced"] as const) {
    await using setup = await openColours({ maxAnswerBytes: 1_000_000 }, { fault });
    const error = await failure(setup.engine.run(images([1, 0, 0]), { signal }));
    expect(error.message).toBe("the upstream server answered with more than 1000000 bytes");
  }
});

test("rows that do not fit the batch fail it even for a single run", async () => {
  await using setup = await openColours({ batching }, { fault: "wrong-rows" });
  const error = await failure(setup.engine.run(images([1, 0, 0]), { signal }));
  expect(error.cause).toMatchObject({ message: "output 'output0' has 2 rows for 1 items" });
});

test("an answer of no announced length that comes in small pieces is put together", async () => {
  await using setup = await openColours({}, { fault: "in-pieces" });
  const { outputs } = await setup.engine.run(images([0.25, 0.5, 0.75]), { signal });
  expect(scores(outputs)).toEqual([[0.25, 0.5, 0.75]]);
});

test("one answer stays as it is when the next one comes", async () => {
  await using setup = await openColours();
  const first = await setup.engine.run(images([1, 0, 0], [0, 0.5, 0]), { signal });
  await setup.engine.run(images([0, 0, 1]), { signal });
  setup.upstream.fault = "in-pieces";
  await setup.engine.run(images([0, 0.25, 1]), { signal });
  expect(scores(first.outputs)).toEqual([
    [1, 0, 0],
    [0, 0.5, 0],
  ]);
});

test("texts of one answer stay as they are when the next one comes", async () => {
  const words = ["red", "sea"];
  const server = createServer((request, response) => {
    const word = Buffer.from(words.shift() ?? "");
    const parameters = { binary_data_size: 4 + word.byteLength };
    const output = { name: "word", datatype: "BYTES", shape: [1], parameters };
    const head = Buffer.from(JSON.stringify({ model_name: "m", outputs: [output] }));
    const body = Buffer.concat([head, Buffer.from([word.byteLength, 0, 0, 0]), word]);
    const headers = { "inference-header-content-length": head.byteLength, "content-length": body.byteLength };
    request.resume().on("end", () => response.writeHead(200, headers).end(body));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = openUpstreamHttp({ url, connections: 1, maxAnswerBytes: 1_000 });
  const outputs: TensorSpec[] = [{ name: "word", datatype: "BYTES", shape: [-1] }];
  const settings = { path: "/infer", batched: false, maxAnswerBytes: 1_000, nextId: () => "1", rooms: [] };
  const ask = () => inferRuns({ http, outputs, ...settings }, [images([1, 0, 0])], signal);
  const [first] = await ask();
  await ask();
  expect(first).toMatchObject({ outputs: { word: { data: [Buffer.from("red")] } } });
  await http.close();
  server.close();
});
