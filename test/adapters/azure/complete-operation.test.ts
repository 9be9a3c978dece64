import { expect, test } from "vitest";
import { completeOperation, type Operation } from "#adapters/azure/complete-operation.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const call = { action: "Microsoft.Web/sites/slots/write", signal: new AbortController().signal };
const surroundings = {
  clock: { ...createFakeClock(), sleep: async () => {} },
  chance: { number: () => 0, bytes: (count: number) => new Uint8Array(count) },
};
const refusal = (statusCode: number) => Object.assign(new Error("no"), { name: "RestError", statusCode });

function operation(more: Partial<Operation>): Operation {
  return {
    isDone: false,
    submitted: async () => {},
    serialize: async () => "state",
    pollUntilDone: async () => undefined,
    ...more,
  };
}

test("an operation that was done at once is not asked about", async () => {
  let resumed = 0;
  await completeOperation(call, surroundings, {
    begin: () => operation({ isDone: true }),
    resume: () => {
      resumed += 1;
      return operation({});
    },
  });
  expect(resumed).toBe(0);
});

test("an operation is begun once and asked about until it is heard", async () => {
  let [begun, asked] = [0, 0];
  await completeOperation(call, surroundings, {
    begin: () => {
      begun += 1;
      return operation({});
    },
    resume: (state) =>
      operation({
        pollUntilDone: async () => {
          asked += 1;
          expect(state).toBe("state");
          if (asked < 3) throw refusal(asked === 1 ? 429 : 503);
        },
      }),
  });
  expect([begun, asked]).toEqual([1, 3]);
});

test("throttling before an operation may be repeated, after it was begun it may not", async () => {
  const early = completeOperation(call, surroundings, {
    begin: () => operation({ submitted: () => Promise.reject(refusal(429)) }),
    resume: () => operation({}),
  });
  await expect(early).rejects.toMatchObject({ code: "provider_throttled" });
  const late = completeOperation(call, surroundings, {
    begin: () => operation({}),
    resume: () => operation({ pollUntilDone: () => Promise.reject(refusal(429)) }),
  });
  await expect(late).rejects.toMatchObject({ code: "provider_unavailable" });
});

test("an operation that failed in the end says why", async () => {
  const failed = completeOperation(call, surroundings, {
    begin: () => operation({}),
    resume: () => operation({ pollUntilDone: () => Promise.reject(refusal(409)) }),
  });
  await expect(failed).rejects.toMatchObject({ code: "provider_conflict" });
});
