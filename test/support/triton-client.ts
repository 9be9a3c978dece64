import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { findProgram } from "./find-program.ts";

/** The blocking client and the one for asyncio. */
export const clientKinds = ["sync", "aio"] as const;
export type ClientKind = (typeof clientKinds)[number];

export type TritonClient = {
  /** Why a client cannot be imported; undefined for one that can. */
  readonly problems: Readonly<Record<ClientKind, string | undefined>>;
  /** Every check of `triton-client/check.py` against a server, with what went wrong in it. */
  readonly run: (
    kind: ClientKind,
    server: { readonly host: string; readonly image: string },
  ) => Promise<readonly Check[]>;
  /** Runs one of the examples beside the client; undefined where the checkout has none. */
  readonly runExample: (name: string, host: string) => Promise<Example> | undefined;
};

export type Example = { readonly code: number; readonly output: string };

export type Check = { readonly check: string; readonly error: string | null };

/**
 * The client in a checkout of its source, which is the repository's root or its Python library, with the first Python that
 * can import both of its halves, or else one.
 */
export async function findTritonClient(
  source: string,
  { python }: { readonly python?: string | undefined } = {},
): Promise<TritonClient> {
  const library = libraryIn(resolve(source));
  const pythons = python === undefined ? usualPythons() : [python];
  const found = await Promise.all(pythons.map((path) => probe(path, library)));
  const best = found.toSorted((one, other) => problemsOf(one) - problemsOf(other))[0];
  if (!best) throw new Error("there is no python3 to run tritonclient with");
  return {
    problems: best.problems,
    run: async (kind, { host, image }) => {
      const lines = await runChecks(best.python, library, [kind, host, image]);
      return lines.map((line): Check => JSON.parse(line));
    },
    runExample: (name, host) => {
      const path = resolve(library, "..", "examples", `${name}.py`);
      return existsSync(path) ? runProgram(best.python, library, [path, "-u", host]) : undefined;
    },
  };
}

function libraryIn(source: string): string {
  const places = [source, join(source, "src", "python", "library")];
  const found = places.find((place) => existsSync(join(place, "tritonclient", "http", "__init__.py")));
  if (found) return found;
  throw new Error(`there is no tritonclient in ${places.join(" or ")}`);
}

/** What is installed for the system is not always what comes first on the path. */
function usualPythons(): string[] {
  const places = [findProgram("python3"), "/usr/bin/python3", "/usr/local/bin/python3"];
  return [...new Set(places.filter((path) => path !== undefined && existsSync(path)))] as string[];
}

type Probed = { readonly python: string; readonly problems: TritonClient["problems"] };

function problemsOf({ problems }: Probed): number {
  return clientKinds.filter((kind) => problems[kind] !== undefined).length;
}

async function probe(python: string, library: string): Promise<Probed> {
  try {
    const [line = "{}"] = await runChecks(python, library, ["probe"]);
    const { sync, aio } = JSON.parse(line);
    return { python, problems: { sync: sync ?? undefined, aio: aio ?? undefined } };
  } catch (error) {
    const problem = `${python} cannot run: ${error}`;
    return { python, problems: { sync: problem, aio: problem } };
  }
}

const program = join(import.meta.dirname, "triton-client", "check.py");

async function runChecks(
  python: string,
  library: string,
  args: readonly string[],
): Promise<readonly string[]> {
  const { code, output } = await runProgram(python, library, [program, ...args]);
  if (code !== 0) throw new Error(`${python} ended with ${code}: ${output.slice(-2_000)}`);
  return output.split("\n").filter((line) => line.startsWith("{"));
}

async function runProgram(python: string, library: string, args: readonly string[]): Promise<Example> {
  const searched = [library, process.env.PYTHONPATH].filter((path) => path !== undefined && path !== "");
  const env = { ...process.env, PYTHONPATH: searched.join(":"), PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(python, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  const [output, complaint, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((done, reject) => {
      child.once("error", reject);
      child.once("close", (status) => done(status ?? -1));
    }),
  ]);
  return { code, output: code === 0 ? output : `${output}\n${complaint}` };
}
