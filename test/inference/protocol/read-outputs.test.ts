import { expect, test } from "vitest";
import type { TensorSpec } from "#inference/contract.ts";
import { answerSpec, readRequest, refusalOf, withInput } from "#test/support/infer-messages.ts";

const asking = (outputs: unknown) => withInput({ data: [1, 2] }, { outputs });
const told = (parameters: unknown) => asking([{ name: "y", parameters }]);

test("outputs come back in the order of the request, each with its own wishes", () => {
  const outputs = [answerSpec, { ...answerSpec, name: "z" }];
  const parts = asking([
    { name: "z", parameters: { classification: 2 } },
    { name: "y", parameters: { binary_data: true } },
  ]);
  expect(readRequest(parts, { outputs }).outputs).toEqual([
    { name: "z", binary: undefined, classification: 2 },
    { name: "y", binary: true, classification: undefined },
  ]);
});

test.each([
  ["a text for a list", asking("y"), "Unable to parse 'outputs': expected a list"],
  ["a text for an object", asking(["y"]), "Unable to parse 'outputs': \"y\" is not an object"],
  ["no name", asking([{}]), "Unable to parse 'name': nothing is not a text"],
  ["an unknown name", asking([{ name: "q" }]), "unexpected inference output 'q' for model 'm'"],
  ["a name twice", asking([{ name: "y" }, { name: "y" }]), "output 'y' already exists in request"],
  ["parameters in a list", told([]), "Unable to parse 'parameters' of output 'y': not an object"],
  [
    "a parameter of null",
    told({ a: null }),
    "parameter 'a' of output 'y' is null, expected a text, a number or a truth value",
  ],
  [
    "shared memory",
    told({ shared_memory_region: "r" }),
    "output 'y' asks for shared memory, which is not served here",
  ],
  [
    "binary_data as text",
    told({ binary_data: "yes" }),
    "Unable to parse 'binary_data' of output 'y': \"yes\"",
  ],
  [
    "a negative classification",
    told({ classification: -1 }),
    "Unable to set 'classification' of output 'y': -1",
  ],
  [
    "a classification as text",
    told({ classification: "3" }),
    "Unable to set 'classification' of output 'y': \"3\"",
  ],
])("outputs with %s are refused", (_, parts, message) => {
  expect(refusalOf(() => readRequest(parts))).toBe(`request_malformed: ${message}`);
});

test.each(["BYTES", "BOOL", "FP16", "BF16"] as const)(
  "%s cannot be asked for as a classification",
  (datatype) => {
    const outputs: readonly TensorSpec[] = [{ ...answerSpec, datatype }];
    expect(refusalOf(() => readRequest(told({ classification: 1 }), { outputs }))).toBe(
      `request_malformed: class result not available for output due to unsupported type '${datatype}' of 'y'`,
    );
  },
);
