import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname, networkInterfaces, userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type AgentProcess, startAgent, until } from "#test/support/edge/agent-process.ts";
import { model, openEdgeWorld } from "#test/support/edge/edge-world.ts";
import { recordWire } from "#test/support/edge/record-wire.ts";
import { demoModel, goldenOf } from "#test/support/edge/releases.ts";
import { repository } from "#test/support/run-tradewind.ts";

/** Each is there for a reader of the line in some form; a few bytes alone would be found anywhere. */
function formsOf(bytes: Buffer): readonly Buffer[] {
  const some = bytes.subarray(2_000, 2_048);
  return [some, Buffer.from(some.toString("base64")), Buffer.from(some.toString("hex"))];
}

function words(folder: string): readonly string[] {
  const macs = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ mac }) => mac));
  const real = macs.filter((mac) => mac !== "00:00:00:00:00:00");
  return [
    ...["front-door-camera.jpg", "patient 4711", "sample.jpg", folder, process.cwd()],
    ...real.flatMap((mac) => [mac, mac.replaceAll(":", ""), mac.replaceAll(":", "-")]),
    ...["host-of-the-ward", "user-of-the-ward"],
    // Names as short as these could be a part of anything.
    ...[hostname(), userInfo().username].filter((name) => name.length > 5),
  ];
}

/** What proofs say, which is packed in letters. */
function unpacked(text: string): string {
  const packed = text.match(/eyJ[A-Za-z0-9_-]+/g) ?? [];
  return packed.map((one) => Buffer.from(one, "base64url").toString()).join("\n");
}

async function answerInAllForms(agent: AgentProcess, image: Buffer): Promise<void> {
  const url = `${agent.url}/v1/models/${model}/detect`;
  const form = new FormData();
  form.append("image", new Blob([new Uint8Array(image)], { type: "image/jpeg" }), "front-door-camera.jpg");
  const answers = [
    await agent.detect(model, image),
    await fetch(url, { method: "POST", body: form, headers: { "x-request-id": "patient 4711" } }),
    await agent.detect(model, Buffer.from("no image, but somebody's words: patient 4711")),
  ];
  expect(answers.map(({ status }) => status < 500)).toEqual([true, true, true]);
  expect(answers[0]?.status).toBe(200);
}

test("nothing of the images, their names, the machine or who uses it leaves a device that forwards nothing", {
  timeout: 120_000,
}, async () => {
  await using world = await openEdgeWorld();
  await using wire = await recordWire({ to: world.gateway.url });
  const image = await readFile(join(repository, "inference/models/demo/sample.jpg"));
  const golden = await goldenOf(demoModel("digits-n"), 1);
  await world.publish({ release: 1, model: await readFile(demoModel("digits-n")), golden });
  await world.rollOut(1);
  const folder = join(world.folder, "device-of-the-ward");
  const env = { HOSTNAME: "host-of-the-ward", USER: "user-of-the-ward", LOGNAME: "user-of-the-ward" };
  const args = ["--gateway", wire.url, "--data", folder, "--every", "1s", "--enrol", await world.token()];
  await using agent = await startAgent({ args, env });
  await until(
    () => agent.model(model),
    (one) => one?.runs?.release === 1,
  );
  for (let round = 0; round < 3; round += 1) {
    await answerInAllForms(agent, image);
    await agent.sync();
  }
  await fetch(`${agent.url}/edge/rotate-key`, { method: "POST" });
  await agent.sync();
  await agent.sync();
  const sent = wire.sent();
  const text = sent.toString("latin1");
  // Whoever listens hears something, or all of this would prove nothing.
  for (const heard of ["/edge/v1/enrol", "/edge/v1/plan", "/edge/v1/report", "/edge/v1/keys", "p95Ms"])
    expect(text).toContain(heard);
  for (const form of formsOf(image)) expect(sent.includes(form)).toBe(false);
  const said = `${text}${unpacked(text)}`.toLowerCase();
  expect(said).toContain('"htu":"/edge/v1/report"');
  expect(words(folder).filter((word) => said.includes(word.toLowerCase()))).toEqual([]);
  expect(said).not.toContain(createHash("sha256").update(image).digest("hex"));
  expect(said).not.toMatch(/"(detections|box|x1|score|request_id)"/);
});
