import { readFile } from "node:fs/promises";
import { readGraphFile } from "../onnx/graph-file.ts";
import { openSession } from "../open-session.ts";

/** How often each operator stands in the graph that the runtime really computes, which it writes to `scratch`. */
export async function countKernels(path: string, scratch: string): Promise<Readonly<Record<string, number>>> {
  const session = await openSession(path, { threads: 1, optimizedPath: scratch });
  await session.release();
  const { nodes } = readGraphFile(await readFile(scratch));
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, one], [, other]) => other - one));
}
