import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findProgram } from "./find-program.ts";
import { type Machine, type Program, planInstall, programs } from "./programs.ts";
import { runChild } from "./run-child.ts";

export type ProvideOptions = {
  readonly mayInstall: boolean;
  readonly say: (line: string) => void;
};

/** Sees to it that every program the suite needs is there; answers false after saying what is missing. */
export async function providePrograms({ mayInstall, say }: ProvideOptions): Promise<boolean> {
  const missing = stillMissing();
  if (missing.length === 0) return true;
  const machine = lookAround();
  const plan = planInstall({ missing, machine, mayInstall });
  if (plan.kind === "ready") return true;
  say(plan.line);
  if (plan.kind === "refuse") return false;
  // An update that failed for one source may still have brought the list that is needed: what counts is the end.
  for (const { program, args } of plan.commands) await runChild(program, args, { stdio: ["ignore", 2, 2] });
  const left = stillMissing();
  const after = planInstall({ missing: left, machine, mayInstall: false });
  if (after.kind === "refuse") say(after.line);
  return left.length === 0;
}

function stillMissing(): readonly Program[] {
  return programs.filter(({ name }) => findProgram(name) === undefined);
}

function lookAround(): Machine {
  if (process.platform === "darwin")
    return { installer: findProgram("brew") ? "brew" : "none", superuser: "none" };
  const debian = existsSync("/etc/debian_version") && findProgram("apt-get") !== undefined;
  return { installer: debian ? "apt-get" : "none", superuser: superuser() };
}

function superuser(): Machine["superuser"] {
  if (process.getuid?.() === 0) return "self";
  return findProgram("sudo") && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0
    ? "sudo"
    : "none";
}
