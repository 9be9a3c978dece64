import { expect, test } from "vitest";
import { findProgram } from "#test/support/find-program.ts";
import { type Machine, type Program, planInstall } from "#test/support/programs.ts";

const redis: Program = { name: "redis-server", debian: "redis-server", brew: "redis", why: "needed by x" };
const debianRoot: Machine = { installer: "apt-get", superuser: "self" };

test("installs nothing where nothing is missing", () => {
  expect(planInstall({ missing: [], machine: debianRoot, mayInstall: true })).toEqual({ kind: "ready" });
});

test("updates the package lists before it installs as root on Debian", () => {
  const plan = planInstall({ missing: [redis], machine: debianRoot, mayInstall: true });
  expect(plan).toMatchObject({ kind: "install", line: "installing redis-server with apt-get" });
  const commands = plan.kind === "install" ? plan.commands : [];
  expect(commands.map(({ program }) => program)).toEqual(["env", "env"]);
  expect(commands.map(({ args }) => args.includes("update"))).toEqual([true, false]);
  expect(commands.at(-1)?.args).toEqual(expect.arrayContaining(["install", "--yes", "redis-server"]));
});

test("goes through sudo without a question where it is not root", () => {
  const machine: Machine = { installer: "apt-get", superuser: "sudo" };
  const plan = planInstall({ missing: [redis], machine, mayInstall: true });
  const commands = plan.kind === "install" ? plan.commands : [];
  expect(commands.map(({ program, args }) => [program, args[0]])).toEqual([
    ["sudo", "-n"],
    ["sudo", "-n"],
  ]);
});

test("takes brew's own name of a program on a Mac", () => {
  const machine: Machine = { installer: "brew", superuser: "none" };
  expect(planInstall({ missing: [redis], machine, mayInstall: true })).toMatchObject({
    kind: "install",
    commands: [{ program: "brew", args: ["install", "--quiet", "redis"] }],
  });
});

test("names the program, the reason and the line to type where it may not install", () => {
  const machine: Machine = { installer: "apt-get", superuser: "none" };
  expect(planInstall({ missing: [redis], machine, mayInstall: true })).toEqual({
    kind: "refuse",
    line: "missing: redis-server (needed by x); install with: sudo apt-get update && sudo apt-get install -y redis-server",
  });
});

test("only checks when told not to install", () => {
  const plan = planInstall({ missing: [redis], machine: debianRoot, mayInstall: false });
  expect(plan).toEqual({
    kind: "refuse",
    line: "missing: redis-server (needed by x); install with: apt-get update && apt-get install -y redis-server",
  });
});

test("says what to look for on a system it does not know", () => {
  const machine: Machine = { installer: "none", superuser: "self" };
  const plan = planInstall({ missing: [redis], machine, mayInstall: true });
  expect(plan.kind === "refuse" && plan.line).toMatch(/redis-server .*Debian.*your system/);
});

test("finds a program on the path it is given and no other", () => {
  expect(findProgram("sh", "/nowhere:/bin")).toBe("/bin/sh");
  expect(findProgram("sh", "/nowhere")).toBeUndefined();
  expect(findProgram("bin", "/")).toBeUndefined();
});
