import { expect, test } from "vitest";
import { withoutNothing } from "#adapters/cloud-run/without-nothing.ts";

test("what the SDK fills in is left out, at every depth", () => {
  const message = {
    name: "",
    timeout: null,
    count: 0,
    isOn: false,
    stage: "LAUNCH_STAGE_UNSPECIFIED",
    list: [],
    inner: { path: "/ready", port: 0, more: { nothing: "" } },
  };
  expect(withoutNothing(message)).toEqual({ inner: { path: "/ready", more: {} } });
});

test("what was chosen among several is kept, however empty it is, and the choice is not named", () => {
  const message = {
    volumes: [{ name: "cache", emptyDir: {}, secret: null, volumeType: "emptyDir" }],
    env: [{ name: "EMPTY", value: "", values: "value" }],
    redundancyDisabled: false,
    _redundancyDisabled: "redundancyDisabled",
  };
  expect(withoutNothing(message)).toEqual({
    volumes: [{ name: "cache", emptyDir: {} }],
    env: [{ name: "EMPTY", value: "" }],
    redundancyDisabled: false,
  });
});

test("labels may be empty, and may be called what a choice is called", () => {
  const message = { labels: { team: "", values: "team" }, annotations: {} };
  expect(withoutNothing(message)).toEqual({ labels: { team: "", values: "team" } });
});

test("a message that is deeper than any is left as it is from there", () => {
  let deep: object = { name: "" };
  for (let depth = 0; depth < 50; depth += 1) deep = { deep };
  expect(JSON.stringify(withoutNothing(deep))).toContain('{"name":""}');
});
