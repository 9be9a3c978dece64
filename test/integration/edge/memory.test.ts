import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startAgent } from "#test/support/edge/agent-process.ts";
import { repository } from "#test/support/run-tradewind.ts";
import { productFolders } from "#test/support/source-files.ts";

const mostKb = 140 * 1_024;

async function residentKb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
}

/** The package's program, made in a folder of its own. */
async function pack(folder: string): Promise<string> {
  for (const part of [...productFolders, "package.json", "tsconfig.json"])
    await cp(join(repository, part), join(folder, part), { recursive: true });
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  const build = spawn(process.execPath, [join(folder, "infra/deploy/pack/build.ts")], { stdio: "inherit" });
  const [code] = await once(build, "exit");
  expect(code).toBe(0);
  return join(folder, "dist/infra/main.js");
}

test.skipIf(process.platform !== "linux")(
  "a packed agent that rests with a small model loaded takes less than 140 MB",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "edge-memory-"));
    const main = await pack(folder);
    const builtIn = join(folder, "built-in");
    await cp(join(repository, "inference/models/demo/digits-n"), join(builtIn, "digits-n"), {
      recursive: true,
    });
    const args = ["--gateway", "http://127.0.0.1:9", "--builtin", builtIn, "--data", join(folder, "data")];
    await using agent = await startAgent({ args, main });
    const taken = await residentKb(agent.pid);
    await agent.sync();
    console.log(`packed agent: ${taken} kB at rest, ${await residentKb(agent.pid)} kB after a sync`);
    expect(taken).toBeLessThan(mostKb);
    await agent.stop();
    await rm(folder, { recursive: true, force: true });
  },
  240_000,
);
