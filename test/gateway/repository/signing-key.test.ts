import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compactVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openOnlineKey, signPlan } from "#gateway/repository/online-key.ts";
import { keyIdOf, makeKey, readKeyFile, writeKeyFile } from "#gateway/repository/signing-key.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signing-key-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("a key is written for its owner alone, never over another, and read again", async () => {
  const path = join(folder, "a.pem");
  const made = await writeKeyFile(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readKeyFile(path)).id).toBe(made.id);
  await expect(writeKeyFile(path)).rejects.toMatchObject({ code: "record_exists" });
  await expect(writeKeyFile(join(folder, "no", "b.pem"))).rejects.toMatchObject({
    code: "folder_unusable",
    message: expect.stringMatching(/there is no folder .*no$/),
    hint: expect.stringMatching(/^mkdir -m 700 .*no$/),
  });
  await expect(writeKeyFile(join(path, "b.pem"))).rejects.toThrow(/cannot be written to .*: ENOTDIR$/);
});

test("a key has the id that the specification's own clients compute", () => {
  const hex = "9be1ba2ed7a4a4ea3b2f8a0c9f6b1d7a6a2f2bd1c8b54f2b4e1f7b0a64dd1f22";
  expect(keyIdOf(hex)).toBe("fa198976ad63984f16196c8f58f768833bfdd9274c1555add1acc018cca0b391");
});

test("a key that others of the machine may read is refused, and says what to do", async () => {
  const path = join(folder, "open.pem");
  await writeKeyFile(path);
  await chmod(path, 0o640);
  await expect(readKeyFile(path)).rejects.toMatchObject({
    code: "signing_refused",
    hint: expect.stringContaining("chmod 600"),
  });
});

test.each([
  ["what is no key", () => "nothing"],
  [
    "a key of another kind",
    () =>
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }),
  ],
  ["a public key", () => createPublicKey(makeKey().privateKey).export({ format: "pem", type: "spki" })],
  ["more than a key", () => "x".repeat(20_000)],
])("a key file with %s is refused", async (name, text) => {
  const path = join(folder, `${name.replaceAll(" ", "-")}.pem`);
  await writeFile(path, text(), { mode: 0o600 });
  await expect(readKeyFile(path)).rejects.toMatchObject({ code: "signing_refused" });
});

test("a key that is not there is refused", async () => {
  await expect(readKeyFile(join(folder, "none.pem"))).rejects.toMatchObject({ code: "signing_refused" });
});

test("the online key lies in a file or in a variable, where line ends may be written out", async () => {
  const path = join(folder, "online.pem");
  const { id } = await writeKeyFile(path);
  const pem = await readFile(path, "utf8");
  expect((await openOnlineKey(path, {})).id).toBe(id);
  expect((await openOnlineKey("env:KEY", { KEY: pem })).id).toBe(id);
  expect((await openOnlineKey("env:KEY", { KEY: pem.replaceAll("\n", "\\n") })).id).toBe(id);
  for (const place of ["env:OTHER", "env:", "env:a b", "env:constructor"]) {
    await expect(openOnlineKey(place, { KEY: pem })).rejects.toMatchObject({ code: "signing_refused" });
  }
});

test("a plan is signed under the id that the root gives the key", async () => {
  const key = makeKey();
  const { payload, protectedHeader } = await compactVerify(
    await signPlan({ device: "dev_1" }, key),
    createPublicKey(key.privateKey),
  );
  expect(protectedHeader).toMatchObject({ alg: "EdDSA", kid: key.id });
  expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({ device: "dev_1" });
});
