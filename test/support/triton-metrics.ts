/** The values of one metric of a backend, by their labels as they are written. */
export async function readMetric(url: string, name: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(name.length, space), Number(line.slice(space))];
    }),
  );
}

/** Runs that wait, of all models together. */
export async function pendingRuns(url: string): Promise<number> {
  const counts = await readMetric(url, "nv_inference_pending_request_count");
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** The sum over what carries all of the labels. */
export async function sumOf(
  url: string,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return Object.entries(await readMetric(url, name))
    .filter(([told]) => wanted.every((pair) => told.includes(pair)))
    .reduce((sum, [, count]) => sum + count, 0);
}
