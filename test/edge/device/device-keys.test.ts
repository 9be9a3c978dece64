import { expect, test } from "vitest";
import { openDeviceKeys } from "#edge/device/device-keys.ts";
import { createProofNumbers } from "#edge/device/proof-numbers.ts";
import { readToken } from "#edge/device/read-token.ts";
import { emptyState } from "#edge/store/device-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { rememberedNumbers } from "#gateway/records/device-numbers.ts";
import { deviceKeyOf, thumbprintOf } from "#infra/runtime/devices/proof.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";

const nameOf = (held: { readonly key: Parameters<typeof deviceKeyOf>[0] } | undefined): string =>
  held ? thumbprintOf(deviceKeyOf(held.key)) : "none";

test("a key is made once, and is the same after a start", async () => {
  const fs = createMemoryDisk();
  const place = { fs, folder: "/device", now: () => 1_000 };
  const keys = await openDeviceKeys(place);
  expect(keys.current()).toBeUndefined();
  await keys.make();
  const again = await openDeviceKeys(place);
  expect(nameOf(again.current())).toBe(nameOf(keys.current()));
  expect(again.current()?.madeAtMs).toBe(1_000);
});

test("a successor lies on the disk beside the key until it takes its place", async () => {
  const fs = createMemoryDisk();
  const place = { fs, folder: "/device", now: () => 5 };
  const keys = await openDeviceKeys(place);
  await keys.make();
  await keys.make();
  const [first, next] = [nameOf(keys.current()), nameOf(keys.successor())];
  expect(next).not.toBe(first);
  const cut = await openDeviceKeys(place);
  expect([nameOf(cut.current()), nameOf(cut.successor())]).toEqual([first, next]);
  await cut.turn();
  const after = await openDeviceKeys(place);
  expect([nameOf(after.current()), nameOf(after.successor())]).toEqual([next, "none"]);
});

test("a key file that holds nonsense is none, and its successor takes its place", async () => {
  const fs = createMemoryDisk();
  const place = { fs, folder: "/device", now: () => 5 };
  const keys = await openDeviceKeys(place);
  await keys.make();
  await keys.make();
  const next = nameOf(keys.successor());
  const kept = fs.files.get("/device/keys/device.next.pem") ?? Buffer.alloc(0);
  for (const nonsense of ["", "\0\0\0\0", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]) {
    fs.files.set("/device/keys/device.pem", Buffer.from(nonsense));
    fs.files.set("/device/keys/device.next.pem", kept);
    const opened = await openDeviceKeys(place);
    if (opened.successor()) throw new Error("there are two of one");
    expect(nameOf(opened.current())).toBe(next);
  }
});

test("who starts over has a key that nobody knows, and no successor", async () => {
  const fs = createMemoryDisk();
  const keys = await openDeviceKeys({ fs, folder: "/device", now: () => 5 });
  await keys.make();
  await keys.make();
  const before = [nameOf(keys.current()), nameOf(keys.successor())];
  await keys.startOver();
  expect(before).not.toContain(nameOf(keys.current()));
  expect(keys.successor()).toBeUndefined();
});

test("no number of a proof is used twice, whatever is cut off between", async () => {
  const fs = createMemoryDisk();
  const seen: number[] = [];
  for (let start = 0; start < 4; start += 1) {
    const store = await openState({ fs, folder: "/device" });
    const numbers = createProofNumbers(store);
    seen.push(...(await Promise.all(Array.from({ length: 700 }, () => numbers.next()))));
    await store[Symbol.asyncDispose]();
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
});

test("numbers are set aside in blocks, so that a call does not cost a write", async () => {
  const fs = createMemoryDisk();
  await using store = await openState({ fs, folder: "/device" });
  const numbers = createProofNumbers(store);
  for (let call = 0; call < 250; call += 1) await numbers.next();
  expect(store.state.generation - emptyState.generation).toBe(1);
});

test("a call that a restart overtook still has a number that the gateway looks at by itself", async () => {
  const fs = createMemoryDisk();
  const before = await openState({ fs, folder: "/device" });
  const sent = await createProofNumbers(before).next();
  await using after = await openState({ fs, folder: "/device" });
  const numbers = createProofNumbers(after);
  let overtaking = 0;
  for (let call = 0; call < 100; call += 1) overtaking = await numbers.next();
  expect(overtaking - sent).toBeLessThan(rememberedNumbers);
});

const root = Buffer.alloc(32, 7).toString("base64url");

test("a token has a part for the gateway and one that only the device looks at", () => {
  const read = readToken(` enr_0123456789ab.${"s".repeat(32)}.${root}\n`);
  expect(read).toEqual({
    token: `enr_0123456789ab.${"s".repeat(32)}`,
    rootSha256: Buffer.alloc(32, 7).toString("hex"),
  });
});

test("a token may leave the root to whoever brings it by hand", () => {
  const token = `enr_0123456789ab.${"s".repeat(32)}`;
  expect(readToken(`${token}\n`)).toEqual({ token, rootSha256: undefined });
});

test.each(["", "a.b", `enr_1.${"s".repeat(32)}.short`, `${root}`, "a b.c.d"])(
  "what is no enrolment token is refused without being shown: %j",
  (text) => {
    expect(() => readToken(text)).toThrow(/^this is no enrolment token$/);
  },
);
