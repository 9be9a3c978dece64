import { expect, test } from "vitest";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";

test("an event reaches those who listen, until they stop listening", () => {
  const heard: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what }) => heard.push(what));
  sideConcernSkipped.publish({ what: "first", error: undefined });
  stop();
  sideConcernSkipped.publish({ what: "second", error: undefined });
  expect(heard).toEqual(["first"]);
});
