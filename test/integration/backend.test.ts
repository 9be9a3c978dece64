import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeColourModel } from "#test/support/colour-model.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "backend-"));
  await writeColourModel(join(folder, "models", "colours", "1", "model.onnx"));
});
afterAll(() => rm(folder, { recursive: true }));

function start(args: readonly string[], parent: "ipc" | "ignore" = "ipc") {
  const main = resolve(import.meta.dirname, "../../inference/main.ts");
  const child = spawn(process.execPath, [main, "--port", "0", ...args], {
    stdio: ["ignore", "ignore", "pipe", parent],
  });
  const stderr = child.stderr ? text(child.stderr) : Promise.resolve("");
  return { child, stderr, exit: once(child, "exit") };
}

/** Sends half the body, lets the test act, then sends the rest. */
function inTwoParts(url: string, image: Buffer) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(image.byteLength);
  const parameters = { binary_data_size: 4 + image.byteLength };
  const head = Buffer.from(
    JSON.stringify({ inputs: [{ name: "image", shape: [1], datatype: "BYTES", parameters }] }),
  );
  const body = Buffer.concat([head, length, image]);
  const headers = { "inference-header-content-length": head.byteLength, "content-length": body.byteLength };
  const sent = request(`${url}/v2/models/colours/infer`, { method: "POST", headers });
  sent.write(body.subarray(0, body.byteLength / 2));
  const answer = once(sent, "response").then(async ([response]) => ({
    status: response.statusCode as number,
    body: JSON.parse(await text(response)),
  }));
  return { answer, finish: () => sent.end(body.subarray(body.byteLength / 2)) };
}

test("a backend that is told to stop finishes the requests it has, and ends with 0", async () => {
  const { child, exit } = start(["--models", join(folder, "models"), "--workers", "2"]);
  const [message] = await once(child, "message");
  const { url } = (message as { readonly ready: { readonly url: string } }).ready;
  const image = await sharp({ create: { width: 640, height: 480, channels: 3, background: "#00ff00" } })
    .jpeg()
    .toBuffer();
  const begun = Array.from({ length: 4 }, () => inTwoParts(url, image));
  // Its answer shows that the connections before it have been accepted too.
  expect((await fetch(`${url}/v2/health/ready`)).status).toBe(200);
  child.kill("SIGTERM");
  await expect
    .poll(
      () =>
        fetch(`${url}/v2/health/live`).then(
          () => "up",
          () => "closed",
        ),
      { timeout: 5_000 },
    )
    .toBe("closed");
  for (const { finish } of begun) finish();
  for (const { answer } of begun) {
    const { status, body } = await answer;
    expect(status).toBe(200);
    expect(body.outputs[2]).toMatchObject({
      name: "classes",
      data: [1, 0, 2].slice(0, body.outputs[2].data.length),
    });
  }
  expect(await exit).toEqual([0, null]);
});

test.each([
  ["no model at all", ["--model", "/nowhere/best.onnx"], "there is no model file /nowhere/best.onnx"],
  ["a file that is no model", ["--model", resolve(import.meta.dirname, "../../LICENSE")], "is no ONNX model"],
  [
    "a number of workers that is none",
    ["--models", "x", "--workers", "many"],
    '"many" is no number of workers',
  ],
])("a backend started with %s says so in one line and ends with 1", async (_, args, line) => {
  const { stderr, exit } = start(args, "ignore");
  expect(await exit).toEqual([1, null]);
  const said = await stderr;
  expect(said).toContain(line);
  expect(said.trim().split("\n")).toHaveLength(1);
});
