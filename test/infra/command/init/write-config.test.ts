import { expect, test } from "vitest";
import type { FoundService } from "#adapters/survey.ts";
import { parseConfig } from "#gateway/config.ts";
import { nameAll, writeConfig } from "#infra/command/init/write-config.ts";

const ecs: FoundService = {
  kind: "ecs",
  name: "detector",
  settings: { region: "us-east-2", cluster: "vision", service: "detector" },
  hasGpu: true,
  price: "aws/g4dn.xlarge/us-east-2",
  isProvisioned: true,
  notes: ["2 of 2 tasks run"],
};

const run: FoundService = {
  kind: "cloud-run",
  name: "detector",
  settings: { project: "acme", region: "us-central1", service: "detector" },
  hasGpu: false,
  price: undefined,
  isProvisioned: false,
  notes: [],
};

const on = "2026-11-21";

test("what init writes is a configuration that the gateway takes", () => {
  const text = writeConfig({ services: [ecs, run], models: ["digits-s"], on });
  const config = parseConfig(text, { file: "tradewind.yaml" });
  expect(config.providers).toMatchObject({
    detector: { kind: "ecs", cluster: "vision", price: "aws/g4dn.xlarge/us-east-2" },
    "detector-cloud-run": { kind: "cloud-run", project: "acme", usdPerHour: 1 },
  });
  const [route] = config.routes;
  expect(route?.failover.map((group) => group.map(({ provider }) => provider))).toEqual([
    ["detector"],
    ["detector-cloud-run"],
  ]);
});

test("init writes the hourly price with its source beside a name of the price book, and marks what it does not know", () => {
  const text = writeConfig({ services: [ecs, run], models: [], on });
  expect(text).toContain("price: aws/g4dn.xlarge/us-east-2 # $0.526 an hour (skypilot-catalog v9");
  expect(text).toContain("usdPerHour: 1.00 # ? nothing says what it costs");
  expect(text).toContain("no service could be asked which models it has");
});

test("init leaves a line for the secret at a service that may want signed calls, and nowhere else", () => {
  const text = writeConfig({ services: [ecs, run], models: [], on, unsigned: new Set(["detector"]) });
  const sign = /^ {4}# (sign: \{ secret: \{ env: TRADEWIND_CALL_SECRET \} \}) # \? it answered 401/gm;
  expect([...text.matchAll(sign)]).toHaveLength(1);
  expect(parseConfig(text, { file: "tradewind.yaml" }).providers.detector).not.toHaveProperty("sign");
  const { providers } = parseConfig(text.replace(sign, "    $1 #"), { file: "tradewind.yaml" });
  expect(providers.detector).toMatchObject({ sign: { secret: { env: "TRADEWIND_CALL_SECRET" } } });
});

test("services that are called alike, or cannot be a name, have names of their own in what init writes", () => {
  const named = nameAll([ecs, { ...ecs }, { ...ecs }, { ...ecs, name: "--" }, { ...ecs, name: "a b\n# c" }]);
  expect(named.map(({ id }) => id)).toEqual([
    "detector",
    "detector-ecs",
    "detector-ecs-2",
    "service",
    "a-b-c",
  ]);
});

test("what a cloud lets people write cannot break out of its line in what init writes", () => {
  const hostile = {
    ...ecs,
    settings: { ...ecs.settings, cluster: 'x"\nroutes: []' },
    notes: ["a\nkind: static"],
  };
  const config = parseConfig(writeConfig({ services: [hostile], models: [], on }), {
    file: "tradewind.yaml",
  });
  expect(config.providers.detector).toMatchObject({ cluster: 'x"\nroutes: []' });
});
