import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The only way into a process's network namespace. */
export type Link = AsyncDisposable & {
  /** Where the namespace is reached from here. */
  readonly address: string;
  /** Packets leave on either side and arrive nowhere, without a word to anybody. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
};

const run = promisify(execFile);

/** Why no namespace with a link can be made here, or undefined where one can. */
export async function whyNoNamespace(): Promise<string | undefined> {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  try {
    const probe = ["--net", "sh", "-c", "ip link add probe0 type veth peer name probe1 && nsenter --version"];
    await run("unshare", probe, { timeout: 5_000 });
    return undefined;
  } catch (error) {
    const [line = ""] = String(error instanceof Error ? error.message : error)
      .split("\n")
      .slice(-2);
    return `no network namespace can be made here: ${line.trim()}`;
  }
}

const [hereMac, thereMac, nobodysMac] = ["02:54:57:00:00:01", "02:54:57:00:00:02", "02:54:57:00:00:99"];

let made = 0;

/** The blocks of those that this process makes or has made. */
const taken = new Set<number>();

/**
 * Leads a pair of devices from here to the process, which `unshare --net` put into a namespace of its own. The addresses
 * are of a block that documentation has for itself, so nobody else has them; the pair goes when the process does. Who comes back may have the address it had.
 */
export async function linkNamespace(pid: number, known?: string): Promise<Link> {
  const first = known === undefined ? await freeBlock() : Number(known.split(".").at(-1)) - 2;
  const [here, there] = [`198.51.100.${first + 1}`, `198.51.100.${first + 2}`];
  const block = `198.51.100.${first}/30`;
  const device = `tw${process.pid.toString(36)}x${made.toString(36)}`;
  made += 1;
  const inside = (...args: string[]) => run("nsenter", ["--target", `${pid}`, "--net", "ip", ...args]);
  const outside = (...args: string[]) => run("ip", args);
  /** Neighbours that were told by hand are never asked for, so a wrong one is believed until it is told anew. */
  const pointTo = async (far: string, near: string): Promise<void> => {
    await outside("neigh", "replace", there, "lladdr", far, "nud", "permanent", "dev", device);
    await inside("neigh", "replace", here, "lladdr", near, "nud", "permanent", "dev", "eth0");
  };
  // Without the pair the packets would go wherever everything goes; so they have nowhere to go.
  await outside("route", "replace", "unreachable", block, "metric", "4000");
  const dispose = async (): Promise<void> => {
    taken.delete(first);
    await outside("link", "del", device).catch(() => {});
    await outside("route", "del", "unreachable", block, "metric", "4000").catch(() => {});
  };
  try {
    const peer = ["peer", "name", "eth0", "address", thereMac, "netns", `${pid}`];
    await outside("link", "add", device, "address", hereMac, "type", "veth", ...peer);
    await outside("addr", "add", `${here}/30`, "dev", device);
    await outside("link", "set", device, "up");
    await inside("addr", "add", `${there}/30`, "dev", "eth0");
    await inside("link", "set", "eth0", "up");
    await pointTo(thereMac, hereMac);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    address: there,
    cut: () => pointTo(nobodysMac, nobodysMac),
    restore: () => pointTo(thereMac, hereMac),
    [Symbol.asyncDispose]: dispose,
  };
}

/** The first address of four that no device of this machine has. */
async function freeBlock(): Promise<number> {
  const { stdout } = await run("ip", ["-oneline", "-4", "route", "show"]);
  for (let turn = 0; turn < 64; turn += 1) {
    const first = 4 * ((process.pid + made + turn) % 64);
    if (taken.has(first) || stdout.includes(`198.51.100.${first}/30 dev`)) continue;
    taken.add(first);
    return first;
  }
  throw new Error("all addresses for namespaces are taken");
}
