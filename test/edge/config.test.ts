import { expect, test } from "vitest";
import { parseEdgeConfig } from "#edge/config/parse-config.ts";
import { waitForWindow } from "#edge/config/window.ts";
import { edgeConfigOf } from "#edge/config.ts";

const gateway = "https://gateway.example";

test("a device needs nothing but its gateway's address", () => {
  const config = edgeConfigOf({ gateway });
  expect(config).toMatchObject({ gateway, data: ".tradewind-edge", mirrors: [], insecure: false });
  expect(config.sync).toEqual({ every: 300_000, jitter: 1 });
  expect(config.answer).toMatchObject({ host: "127.0.0.1", port: 8_100, workers: 1 });
});

test("every wrong word of an edge.yaml is told at once, each with its line", () => {
  const text = [
    "gateway: http://far.example",
    "mirrors: [https://u:p@cdn.example, http://other.example]",
    "sync: { every: 5, window: 25:00-06:00, jitter: 7 }",
    "answer: { port: 99999, forward: { key: 'a b:c' } }",
    "modles: [a]",
  ].join("\n");
  const said = (): unknown => parseEdgeConfig(text, { file: "edge.yaml" });
  expect(said).toThrow(/edge.yaml:2:\d+ .*without a user/);
  expect(said).toThrow(/edge.yaml:3:\d+ .*sync.every/);
  expect(said).toThrow(/sync.window: expected a part of the day/);
  expect(said).toThrow(/sync.jitter/);
  expect(said).toThrow(/answer.port/);
  expect(said).toThrow(/unknown key "modles"/);
});

test.each([
  ["http://far.example", false],
  ["http://10.0.0.5:8080", false],
  ["http://127.0.0.1.far.example", false],
  ["http://localhost:8080", true],
  ["http://127.0.0.1:8080", true],
  ["http://[::1]:8080", true],
  ["https://far.example/below", true],
])("plain http leaves the machine only where that is spelled out: %s", (address, isTaken) => {
  const said = (more: object = {}): unknown => edgeConfigOf({ gateway: address, ...more });
  if (isTaken) expect(said()).toMatchObject({ gateway: address });
  else expect(said).toThrow(/insecure: true/);
  expect(said({ insecure: true })).toMatchObject({ gateway: address });
});

test("whoever names plain http to another machine is told of https and --insecure, not of the gateway that they named", () => {
  const said = (): unknown => edgeConfigOf({ gateway: "http://far.example" });
  expect(said).toThrow(expect.objectContaining({ hint: expect.stringMatching(/^say https.*--insecure/) }));
  const bare = (): unknown => edgeConfigOf({});
  expect(bare).toThrow(expect.objectContaining({ hint: expect.stringMatching(/--gateway URL/) }));
});

test.each(["ftp://x", "gateway", "", "https://x?key=1", "https://x#a", "https://u@x"])(
  "an address that is none, or that holds a secret, is refused for a gateway: %s",
  (address) => {
    expect(() => edgeConfigOf({ gateway: address })).toThrow(/expected an/);
  },
);

test("flags stand over the words of the file, one word at a time", () => {
  const text = `gateway: ${gateway}\nanswer: { port: 1, workers: 3 }\n`;
  const config = parseEdgeConfig(text, { file: "edge.yaml", over: { answer: { port: 2 }, data: "d" } });
  expect(config).toMatchObject({ data: "d", answer: { port: 2, workers: 3 } });
});

const at = (hours: number, minutes: number): number => new Date(2026, 0, 15, hours, minutes).getTime();
const minutes = 60_000;

test.each([
  ["01:00-05:00", at(3, 0), 0],
  ["01:00-05:00", at(5, 0), 20 * 60 * minutes],
  ["01:00-05:00", at(0, 30), 30 * minutes],
  ["22:30-06:00", at(23, 0), 0],
  ["22:30-06:00", at(5, 59), 0],
  ["22:30-06:00", at(12, 0), 10.5 * 60 * minutes],
])("the window %s is open, or so far away", (window, now, wait) => {
  const { sync } = edgeConfigOf({ gateway, sync: { window } });
  expect(waitForWindow(sync.window, now)).toBe(wait);
});

test("without a window it is always open, and one of no length is refused", () => {
  expect(waitForWindow(undefined, at(12, 0))).toBe(0);
  expect(() => edgeConfigOf({ gateway, sync: { window: "05:00-05:00" } })).toThrow(/22:30-06:00/);
});
