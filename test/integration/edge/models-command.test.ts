import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { golden } from "#inference/artefacts/golden.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

const demo = join(import.meta.dirname, "../../../inference/models/demo");
const [small, large] = [join(demo, "digits-n/1/model.onnx"), join(demo, "digits-s/1/model.onnx")];
let folder = "";
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "models-command-"));
  await mkdir(at("images"));
  await cp(join(demo, "sample.jpg"), at("images/sample.jpg"));
  await mkdir(at("blank"));
  await sharp({ create: { width: 64, height: 64, channels: 3, background: "white" } })
    .png()
    .toFile(at("blank/blank.png"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function models(...args: string[]) {
  return await runTradewind(["models", ...args]);
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await models(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** Key files, and a repository whose family wants two of two. */
async function founded(name: string): Promise<readonly string[]> {
  for (const key of ["a", "b", "t", "o", "f", "g"]) await done("keys", at(`${name}-${key}.pem`));
  const store = ["--store", at(name)];
  const root = ["--root-key", `${at(`${name}-a.pem`)},${at(`${name}-b.pem`)}`, "--threshold", "2"];
  const rest = ["--targets-key", at(`${name}-t.pem`), "--online-key", at(`${name}-o.pem`)];
  expect(await done("repository", ...store, ...root, ...rest)).toMatch(/its first root is [0-9a-f]{64}\n$/);
  const keys = ["--family-key", `${at(`${name}-f.pem`)},${at(`${name}-g.pem`)}`, "--threshold", "2"];
  expect(await done("family", "digits", ...store, ...keys, ...rest)).toContain("named by timestamp");
  return [...store, "--model", "digits", "--images", at("images")];
}

test("from keys to a release that was signed in turns, listed, revoked and exchanged", async () => {
  const usual = await founded("one");
  const [store, online] = [usual.slice(0, 2), ["--online-key", at("one-o.pem")]];
  const version = ["--version", "1.0.0", "--stage", folder];
  const first = await done("publish", small, ...usual, ...version, "--key", at("one-f.pem"));
  expect(first).toContain("1 of 2 signatures: nothing is published yet");
  expect(await done("list", ...store)).not.toContain("1.0.0");
  const staged = at("2.digits.json");
  expect(await done("sign", staged, "--key", at("one-g.pem"), ...store, ...online)).toContain(
    "2.digits.json",
  );
  expect(await done("list", ...store, "--root", join(at("one"), "metadata/1.root.json"))).toMatch(
    /1 {2}1\.0\.0 {2}any {2}fp32 {2}244585 bytes/,
  );
  const both = ["--key", `${at("one-f.pem")},${at("one-g.pem")}`, ...online];
  const files = ["--file", `any=${small}`, "--file", `x64=${large}`];
  const report = JSON.parse(
    await done("publish", ...files, ...usual, ...both, "--version", "1.1.0", "--json"),
  );
  expect(report).toMatchObject({ model: "digits", release: 2, isNew: true, isStaged: false });
  expect(report.files).toHaveLength(6);
  const again = await done("publish", ...files, ...usual, ...both, "--version", "1.1.0");
  expect(again).toContain("all of it was published before");
  expect(await done("revoke", "digits", "1", ...store, ...both)).toContain(
    "revoked by now: 1 file of digits",
  );
  expect(await done("list", ...store)).toMatch(/1\.0\.0 .* revoked\n/);
  expect(await done("list", ...store)).toMatch(
    /^root 1, until .*\ntargets, until .*\nsnapshot, until .*timestamp/,
  );
  expect(await done("freshen", ...store, ...online)).toContain("all is fresh");
  const lists = await readdir(join(at("one"), "metadata"));
  const wrong = ["--online-key", at("one-t.pem")];
  for (const words of [
    ["rotate", "digits", ...store, "--family-key", both[1] ?? "", ...wrong],
    ["revoke", "digits", "2", ...store, ...both.slice(0, 2), ...wrong],
    ["publish", ...files, ...usual, ...both.slice(0, 2), ...wrong, "--version", "3.0.0"],
  ])
    expect(await models(...words)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the root names another online key"),
    });
  expect(await readdir(join(at("one"), "metadata"))).toEqual(lists);
  expect(await done("rotate", "digits", ...store, "--family-key", both[1] ?? "", ...online)).toContain(
    "named by",
  );
}, 90_000);

test("the golden answers lie beside the model, with the image that they are of", async () => {
  const usual = await founded("two");
  const keys = ["--key", `${at("two-f.pem")},${at("two-g.pem")}`, "--online-key", at("two-o.pem")];
  await done("publish", small, ...usual, ...keys, "--version", "1.0.0");
  const release = join(at("two"), "targets/digits/1/any");
  const name = (await readdir(release)).find((file) => file.endsWith(".golden.json")) ?? "";
  const { images } = golden.parse(JSON.parse(await readFile(join(release, name), "utf8")));
  expect(images.map((image) => image.name)).toEqual(["sample.jpg"]);
  expect(images[0]?.image).toBe((await readFile(at("images/sample.jpg"))).toString("base64"));
  expect(images[0]?.detections.length).toBeGreaterThan(0);

  const refused = async (words: string, ...args: string[]): Promise<void> => {
    const { code, stderr } = await models("publish", ...args, ...keys, "--version", "2.0.0");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(words) });
  };
  await refused("finds nothing in the images", small, ...usual.slice(0, 4), "--images", at("blank"));
  await writeFile(at("text.onnx"), "no model");
  await refused("text.onnx", at("text.onnx"), ...usual);
  const floors = { isWritten: false, refusals: ["it agrees to 0.5"], bytes: { after: 244_585 } };
  await writeFile(at("floors.json"), JSON.stringify(floors));
  await refused("it agrees to 0.5", small, ...usual, "--floor-report", at("floors.json"));
  await writeFile(
    at("other.json"),
    JSON.stringify({ ...floors, isWritten: true, refusals: [], bytes: { after: 1 } }),
  );
  await refused("which is none of these", small, ...usual, "--floor-report", at("other.json"));
  await writeFile(at("none.json"), "{}");
  await refused("is no report", small, ...usual, "--floor-report", at("none.json"));
}, 90_000);

test.each([
  ["a key without a place", ["keys"], "expected: tradewind models keys"],
  ["a repository without a store", ["repository"], "--store is missing"],
  ["a revocation of nothing", ["revoke", "digits"], "RELEASE|--below N"],
  ["a revocation of two things", ["revoke", "digits", "1", "--below", "2"], "RELEASE|--below N"],
  ["a rotation of nothing", ["rotate", "--store", "s"], "rotate root|targets|online|MODEL"],
  ["a signature without a key", ["sign", "2.digits.json"], "--key is missing"],
  ["freshening without a key", ["freshen", "--store", "s"], "--online-key is missing"],
])("%s is wrong use of the models command", async (_, args, words) => {
  const { code, stderr } = await models(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
});
