import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadFleet } from "#gateway/replay/fleet-file.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import { firstInOrder, poisson } from "#test/support/simulated.ts";

const folder = join(import.meta.dirname, "../../bench/fleets");

test("every committed fleet can be read and answers", async () => {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  const counts = new Map<string, number>();
  for (const file of files) {
    const fleet = await loadFleet(join(folder, file));
    counts.set(file, fleet.backends.length);
    const arrivals = poisson({ rps: 5, seconds: 20 });
    const { answered } = simulate({ arrivals, fleet, policy: firstInOrder, seed: 1 });
    expect(answered, file).toBe(arrivals.count);
  }
  expect(counts.get("six.yaml")).toBe(6);
  expect(counts.get("thirty.yaml")).toBe(30);
});
