import { expect, test } from "vitest";
import type { Tensors } from "#inference/contract.ts";
import { writeInferRequest } from "#inference/protocol/write-infer-request.ts";
import { answerSpec, pair, readRequest } from "#test/support/infer-messages.ts";
import { inferRequestSchema } from "#test/support/open-inference-schemas.ts";

const inputs: Tensors = { x: { datatype: "FP32", shape: [1, 2], data: new Float32Array([1, 2]) } };

function parts(question: Parameters<typeof writeInferRequest>[0]) {
  const { body, headerLength } = writeInferRequest(question);
  const head = Buffer.from(body).toString("utf8", 0, headerLength);
  inferRequestSchema.parse(JSON.parse(head));
  return { head, behind: body.subarray(headerLength), headerLength };
}

test("a request to another server is binary both ways", () => {
  const { head, behind, headerLength } = parts({ inputs });
  expect(head).toBe(
    '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],' +
      '"parameters":{"binary_data_output":true}}',
  );
  expect(headerLength).toBe(head.length);
  expect([...behind]).toEqual([...Buffer.from(new Float32Array([1, 2]).buffer)]);
});

test("id, parameters and the outputs wanted travel along, and our own server understands them", () => {
  const question = {
    inputs,
    outputs: ["y"],
    id: "r1",
    parameters: { priority: 1, binary_data_output: false },
  };
  const { head, behind } = parts(question);
  const read = readRequest({ head, behind }, { inputs: [pair], outputs: [answerSpec] });
  expect(read).toMatchObject({
    id: "r1",
    inputs,
    priority: 1,
    binaryByDefault: true,
    outputs: [{ name: "y", binary: true }],
  });
});

test("a part of a larger memory is written and not the whole", () => {
  const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  const { behind } = parts({ inputs: { x: { datatype: "FP32", shape: [1, 2], data } } });
  expect([...behind]).toEqual([...Buffer.from(new Float32Array([1, 2]).buffer)]);
});
