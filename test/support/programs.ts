/** A program that the suite runs for real. */
export type Program = {
  readonly name: string;
  readonly debian: string;
  readonly brew: string;
  readonly why: string;
};

export const programs: readonly Program[] = [
  {
    name: "redis-server",
    debian: "redis-server",
    brew: "redis",
    why: "the soft state is tested on a real one",
  },
];

/** What this machine offers to install programs with. */
export type Machine = {
  readonly installer: "apt-get" | "brew" | "none";
  /** How a command becomes the superuser's without a question; brew needs none. */
  readonly superuser: "self" | "sudo" | "none";
};

export type Command = { readonly program: string; readonly args: readonly string[] };

export type InstallPlan =
  | { readonly kind: "ready" }
  | { readonly kind: "install"; readonly line: string; readonly commands: readonly Command[] }
  /** A person must do it; the line says what is missing, why, and what to type. */
  | { readonly kind: "refuse"; readonly line: string };

export type PlanRequest = {
  readonly missing: readonly Program[];
  readonly machine: Machine;
  readonly mayInstall: boolean;
};

/** Decides what to do about missing programs; touches nothing. */
export function planInstall({ missing, machine, mayInstall }: PlanRequest): InstallPlan {
  if (missing.length === 0) return { kind: "ready" };
  const names = missing.map(({ name }) => name).join(", ");
  const commands = mayInstall ? commandsFor(missing, machine) : [];
  if (commands.length === 0) {
    const reasons = missing.map(({ name, why }) => `${name} (${why})`).join(", ");
    return { kind: "refuse", line: `missing: ${reasons}; install with: ${byHand(missing, machine)}` };
  }
  return { kind: "install", line: `installing ${names} with ${machine.installer}`, commands };
}

function commandsFor(missing: readonly Program[], machine: Machine): readonly Command[] {
  if (machine.installer === "brew") {
    return [{ program: "brew", args: ["install", "--quiet", ...missing.map(({ brew }) => brew)] }];
  }
  if (machine.installer === "none" || machine.superuser === "none") return [];
  const packages = missing.map(({ debian }) => debian);
  // A fresh image has no package lists, and a machine that updates itself at night holds the lock for a while.
  const wait = ["-o", "DPkg::Lock::Timeout=120", "-q"];
  return [
    asSuperuser(machine, ["apt-get", ...wait, "update"]),
    asSuperuser(machine, ["apt-get", ...wait, "install", "--yes", "--no-install-recommends", ...packages]),
  ];
}

function asSuperuser({ superuser }: Machine, command: readonly string[]): Command {
  const quiet = ["DEBIAN_FRONTEND=noninteractive", ...command];
  return superuser === "sudo"
    ? { program: "sudo", args: ["-n", "env", ...quiet] }
    : { program: "env", args: quiet };
}

function byHand(missing: readonly Program[], { installer, superuser }: Machine): string {
  if (installer === "brew") return `brew install ${missing.map(({ brew }) => brew).join(" ")}`;
  const sudo = superuser === "self" ? "" : "sudo ";
  const packages = missing.map(({ debian }) => debian).join(" ");
  const line = `${sudo}apt-get update && ${sudo}apt-get install -y ${packages}`;
  return installer === "apt-get" ? line : `${line} (Debian, Ubuntu), or the same packages of your system`;
}
