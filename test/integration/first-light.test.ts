import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Box } from "#inference/contract.ts";
import type { Tradewind } from "#test/support/launch-tradewind.ts";
import { descendants } from "#test/support/process-tree.ts";
import { repository, runTradewind, startTradewind } from "#test/support/run-tradewind.ts";

const demo = join(repository, "inference/models/demo");
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "first-light-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

type Found = { readonly name: string; readonly score: number; readonly box: Box };

/** Runs the printed line itself, as a person would who copies it. */
async function runCurl({
  output,
}: Tradewind): Promise<{ readonly model: string; readonly detections: readonly Found[] }> {
  const line = output().match(/^curl .*$/m)?.[0] ?? "";
  const { stdout } = await promisify(execFile)("sh", ["-c", `${line} --silent`], { cwd: repository });
  return JSON.parse(stdout);
}

function overlap(a: Box, b: Box): number {
  const [across, down] = [
    Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1),
    Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1),
  ];
  const shared = Math.max(0, across) * Math.max(0, down);
  const area = ({ x1, y1, x2, y2 }: Box): number => (x2 - x1) * (y2 - y1);
  return shared / (area(a) + area(b) - shared);
}

/** A process that ended but was not fetched by its parent yet still has a number. */
async function alive(pids: readonly number[]): Promise<number[]> {
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return pids.filter((_, index) => commands[index] !== "");
}

test("two commands bring a newcomer from nothing to right boxes, and again after Ctrl-C with the same key", async () => {
  const data = join(root, "first");
  await using first = await startTradewind("--data", data);
  const { detections, model } = await runCurl(first);
  const truth = JSON.parse(await readFile(join(demo, "samples/truth.json"), "utf8"))["sample.jpg"].objects;
  expect(model).toBe("digits-s");
  for (const { name, box } of truth as Found[]) {
    const match = detections.find((found) => found.name === name && overlap(found.box, box) > 0.6);
    expect(match, `a ${name} at ${JSON.stringify(box)}`).toBeDefined();
  }
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  expect((await stat(join(data, "development-key"))).mode & 0o777).toBe(0o600);

  const tree = await descendants(first.pid);
  expect(tree.length).toBeGreaterThanOrEqual(3);
  expect(await first.stop()).toBe(0);
  expect(await alive(tree)).toEqual([]);

  await using second = await startTradewind("--data", data);
  expect(second.key).toBe(first.key);
  expect((await runCurl(second)).detections).toEqual(detections);
  expect(await second.stop()).toBe(0);
});

test("a killed product leaves nothing running, and starts again on its data", async () => {
  const data = join(root, "killed");
  await using first = await startTradewind("--data", data);
  const tree = await descendants(first.pid);
  process.kill(first.pid, "SIGKILL");
  await expect.poll(() => alive(tree), { timeout: 15_000 }).toEqual([]);
  await using second = await startTradewind("--data", data);
  expect(second.key).toBe(first.key);
  expect((await runCurl(second)).detections.length).toBeGreaterThan(0);

  const children = await descendants(second.pid);
  const names = await Promise.all(children.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8")));
  const backend = children[names.findIndex((name) => name.includes("inference/main"))];
  if (backend === undefined) throw new Error("no backend among the children");
  process.kill(backend, "SIGKILL");
  await expect.poll(() => alive([second.pid, ...children]), { timeout: 15_000 }).toEqual([]);
  expect(second.output()).toContain("tradewind: the backend ended unexpectedly, so everything stops");
});

test("a request in hand is answered although Ctrl-C came before its body was whole", async () => {
  await using product = await startTradewind("--data", join(root, "drain"));
  const image = await readFile(product.imagePath);
  const headers = { authorization: `Bearer ${product.key}`, "content-length": image.byteLength };
  const sent = request(product.detectUrl, { method: "POST", headers });
  const answer = once(sent, "response");
  sent.write(image.subarray(0, 1_000));
  await fetch(new URL("/livez", product.detectUrl));
  const stopped = product.stop();
  await expect
    .poll(
      () =>
        fetch(new URL("/livez", product.detectUrl)).then(
          () => "up",
          () => "closed",
        ),
      { timeout: 10_000 },
    )
    .toBe("closed");
  sent.end(image.subarray(1_000));
  const [response] = await answer;
  response.resume();
  expect(response.statusCode).toBe(200);
  expect(await stopped).toBe(0);
});

test("a connection that never sent anything does not hold up Ctrl-C", async () => {
  await using product = await startTradewind("--data", join(root, "silent"));
  const silent = connect(Number(new URL(product.detectUrl).port), "127.0.0.1");
  await once(silent, "connect");
  const began = performance.now();
  expect(await product.stop()).toBe(0);
  expect(performance.now() - began).toBeLessThan(8_000);
  silent.destroy();
});

test("a configuration that keeps its keys in a file is refused by start, which could not make one", async () => {
  const config = join(repository, "gateway/examples/one-backend.yaml");
  const { code, stderr } = await runTradewind(["start", "--data", join(root, "records"), "--config", config]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^tradewind: .* says records: file: start keeps/),
  });
});

test("a person's own export is served under its file's name", async () => {
  const model = join(root, "best.onnx");
  await copyFile(join(demo, "digits-n/1/model.onnx"), model);
  await using product = await startTradewind("--data", join(root, "own"), "--model", model);
  expect(product.detectUrl).toMatch(/\/v1\/models\/best\/detect$/);
  expect((await runCurl(product)).model).toBe("best");
});

test("a file that is no such model is refused with what was seen in it", async () => {
  const model = join(root, "notes.onnx");
  await writeFile(model, "these are my notes");
  const { code, stderr } = await runTradewind([
    "start",
    "--data",
    join(root, "no-model"),
    "--port",
    "0",
    "--model",
    model,
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^tradewind: model 'notes' could not be loaded: .* is no ONNX model.*\n$/);
});

test("a port in use is one line, exit code 1, and nothing half-started", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const data = join(root, "port");
  const outcome = await runTradewind(["start", "--data", data, "--port", String(port)]);
  expect(outcome).toEqual({
    code: 1,
    stdout: "",
    stderr: `tradewind: port ${port} on 127.0.0.1 is already in use: stop what listens there, or choose another with --port\n`,
  });
  expect(await readdir(join(data, "postgres"))).not.toContain("owner");
  taken.close();
});

test("a data folder that cannot be written is one line and exit code 1", async () => {
  const file = join(root, "a-file");
  await writeFile(file, "");
  const { code, stderr } = await runTradewind(["start", "--data", join(file, "data"), "--port", "0"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^tradewind: cannot write to the folder .*a-file\/data \(ENOTDIR\): choose another folder with --data\n$/,
  );
});

test("a broken configuration is refused with every problem before anything starts", async () => {
  const config = join(root, "broken.yaml");
  await writeFile(
    config,
    "models: { a: { source: x } }\nproviders: { p: { kind: esc } }\nroutes: [{ models: [b], failover: [[q]] }]\n",
  );
  const data = join(root, "never-made");
  const { code, stderr } = await runTradewind(["start", "--data", data, "--port", "0", "--config", config]);
  expect(code).toBe(1);
  expect(stderr).toContain('broken.yaml:2:19  providers.p.kind: unknown kind "esc"');
  await expect(stat(data)).rejects.toThrow("ENOENT");
});

test("a start with a configuration of its own fails over between the backends that it names", async () => {
  await using other = await startTradewind("--data", join(root, "other"));
  const backend = (await readFile(join(root, "other", "tradewind.yaml"), "utf8")).match(
    /http:\/\/127[^\s"]+/,
  )?.[0];
  const config = join(root, "two.yaml");
  await writeFile(
    config,
    [
      "models: { digits-s: { source: elsewhere } }",
      "providers:",
      '  gone: { kind: static, urls: ["http://127.0.0.1:9"] }',
      `  there: { kind: static, urls: ["${backend}"], usdPerRequest: 0.00002 }`,
      "routes: [{ models: [digits-s], slo: 1s, failover: [[gone], [there]] }]",
    ].join("\n"),
  );
  await using product = await startTradewind("--data", join(root, "configured"), "--config", config);
  expect(await runCurl(product)).toMatchObject({ backend: "there", cost_usd: 0.000_02 });
  expect(other.key).not.toBe(product.key);
});
