import { expect, test } from "vitest";
import { oneErrorForm } from "#adapters/azure/one-error-form.ts";

type Send = typeof oneErrorForm.sendRequest;
type Answer = Awaited<ReturnType<Send>>;

async function through(status: number, bodyAsText: string): Promise<string | null | undefined> {
  const request = {} as Parameters<Send>[0];
  const answer = { status, bodyAsText } as Answer;
  return (await oneErrorForm.sendRequest(request, async () => answer)).bodyAsText;
}

test("an error with capitals becomes one as the SDK reads it", async () => {
  const text = JSON.stringify({ Code: "Conflict", Message: "busy", Details: [] });
  expect(JSON.parse((await through(409, text)) ?? "")).toEqual({
    error: { code: "Conflict", message: "busy" },
  });
});

test.each([
  [200, '{"Code":"Conflict","Message":"busy"}'],
  [404, '{"error":{"code":"ResourceNotFound","message":"no"}}'],
  [502, "<html>Bad Gateway</html>"],
  [500, ""],
  [500, "null"],
  [400, "[1]"],
])("every other answer stays as it is: %i %s", async (status, text) => {
  expect(await through(status, text)).toBe(text);
});
