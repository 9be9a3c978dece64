import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { boundedAnswers } from "#adapters/azure/bounded-answers.ts";

type Send = typeof boundedAnswers.sendRequest;
type Answer = Awaited<ReturnType<Send>>;

function through(stream: Readable | undefined): Promise<Answer> {
  const request = {} as Parameters<Send>[0];
  const headers = {} as Answer["headers"];
  const read = { request, headers, status: 200, bodyAsText: "as it was" };
  const answer: Answer = { ...read, ...(stream && { readableStreamBody: stream }) };
  return boundedAnswers.sendRequest(request, async () => answer);
}

test("an answer of Azure is read whole, letters of several bytes among it", async () => {
  const bytes = Buffer.from("für");
  const answer = await through(Readable.from([bytes.subarray(0, 2), bytes.subarray(2)]));
  expect(answer.bodyAsText).toBe("für");
  expect(answer.readableStreamBody).toBeUndefined();
});

test("an answer of Azure without an end is cut off", async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1_048_576);
    })(),
  );
  await expect(through(endless)).rejects.toMatchObject({ code: "provider_answer_invalid" });
  expect(endless.destroyed).toBe(true);
});

test("an answer of Azure that was read already stays as it is", async () => {
  expect((await through(undefined)).bodyAsText).toBe("as it was");
});
