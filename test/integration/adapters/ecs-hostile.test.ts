import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openControl } from "#adapters/controls.ts";
import { openProviders, providerSchema } from "#adapters/registry.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

/** An API that says the same to every question, and time that is over at once wherever it is waited for. */
async function hearing(body: string) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const given = { kind: "ecs", region: "eu-west-1", cluster: "vision", service: "detect", api };
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const clock = { ...createFakeClock(), sleep: async () => {} };
  return { settings: providerSchema.parse(given), surroundings: { clock, chance: systemChance, env } };
}

const everything = {
  services: [{ status: "ACTIVE", taskDefinition: "d:1", currentServiceDeployment: "x" }],
  serviceDeployments: [{ serviceDeploymentArn: "x", targetServiceRevision: { arn: "r" } }],
  serviceRevisions: [{ serviceRevisionArn: "r", taskDefinition: "d:1" }],
};

test.each([
  "null",
  "[]",
  '"yes"',
  "{",
  "<html>",
  '{"services":[null]}',
  '{"services":[{"status":"ACTIVE","currentServiceDeployment":5}]}',
  '{"services":[{"status":"ACTIVE","createdAt":"never"}]}',
  '{"failures":[{"reason":"MISSING"}]}',
  JSON.stringify({
    services: everything.services,
    serviceDeployments: [{ status: "IN_PROGRESS", deploymentConfiguration: { strategy: "BLUE_GREEN" } }],
  }),
  JSON.stringify({ ...everything, taskDefinition: 5 }),
  JSON.stringify({ ...everything, taskDefinition: {}, taskArns: ["a"], tasks: [{ containers: 5 }] }),
  JSON.stringify({ ...everything, taskArns: ["a"], nextToken: "again" }),
])("an API that answers everything of ECS with %s is told as such, and breaks nothing", async (body) => {
  const { settings, surroundings } = await hearing(body);
  const signal = AbortSignal.timeout(20_000);
  await using control = await openControl(settings, surroundings);
  const providers = await openProviders({ one: settings }, surroundings);
  await using provider = providers.get("one");
  const asked = [control.status({ signal }), Promise.resolve(provider?.discover({ signal }))];
  for (const outcome of await Promise.allSettled(asked)) {
    if (outcome.status === "fulfilled") continue;
    expect(asTradewindError(outcome.reason).code).toMatch(/^provider_(answer_invalid|missing)$/);
  }
  expect((await Promise.allSettled(asked)).some(({ status }) => status === "rejected")).toBe(true);
});
