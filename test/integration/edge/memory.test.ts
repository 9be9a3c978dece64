import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type AgentProcess, startAgent, until } from "#test/support/edge/agent-process.ts";
import { repository } from "#test/support/run-tradewind.ts";
import { productFolders } from "#test/support/source-files.ts";

const mostBytes = 140_000_000;
/** A decoder and a session that have worked keep what they will want again. */
const mostAfterImages = 152_000_000;

/** What the system counts; what one image needs is given back some seconds after the last. */
async function residentBytes({ pid }: AgentProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

/** The package's program, made in a folder of its own. */
async function pack(folder: string): Promise<string> {
  for (const part of [...productFolders, "package.json", "tsconfig.json"])
    await cp(join(repository, part), join(folder, part), { recursive: true });
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  const build = spawn(process.execPath, [join(folder, "infra/deploy/pack/build.ts")], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: 150_000,
    killSignal: "SIGKILL",
  });
  const [code] = await once(build, "exit");
  expect(code).toBe(0);
  return join(folder, "dist/infra/main.js");
}

async function detectOften(agent: AgentProcess, times: number): Promise<void> {
  const image = await readFile(join(repository, "inference/models/demo/samples/14-640x480.jpg"));
  for (let asked = 0; asked < times; asked += 1) {
    const response = await agent.detect("digits-n", image);
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  }
}

test("a packed agent that rests with a small model loaded takes less than 140 MB, also after a sync, and 152 MB after 50 images", async ({
  skip,
}) => {
  if (process.platform !== "linux") skip("only Linux tells in /proc what a process takes");
  const folder = await mkdtemp(join(tmpdir(), "edge-memory-"));
  try {
    const main = await pack(folder);
    const builtIn = join(folder, "built-in");
    await cp(join(repository, "inference/models/demo/digits-n"), join(builtIn, "digits-n"), {
      recursive: true,
    });
    const args = ["--gateway", "http://127.0.0.1:9", "--builtin", builtIn, "--data", join(folder, "data")];
    await using agent = await startAgent({ args, main });
    const atRest = await residentBytes(agent);
    await agent.sync();
    const synced = await residentBytes(agent);
    await detectOften(agent, 50);
    const atOnce = await residentBytes(agent);
    const fits = (bytes: number): boolean => bytes < mostAfterImages;
    const later = await until(() => residentBytes(agent), fits, 30_000).catch(() => residentBytes(agent));
    console.log("packed agent, bytes:", { atRest, synced, atOnce, later });
    expect(atRest).toBeLessThan(mostBytes);
    expect(synced).toBeLessThan(mostBytes);
    expect(later).toBeLessThan(mostAfterImages);
    expect(await agent.stop()).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 240_000);
