import { expect, test } from "vitest";
import { boundsFor } from "#adapters/container-apps/rescale.ts";

const has = { least: 1, most: 4 };

test.each([
  [{}, { least: 1, most: 4 }],
  [{ least: 0 }, { least: 0, most: 4 }],
  [{ least: 6 }, { least: 6, most: 6 }],
  [{ most: 9 }, { least: 1, most: 9 }],
  [{ most: 0 }, { least: 1, most: 1 }],
  [
    { least: 5, most: 2 },
    { least: 2, most: 2 },
  ],
])("of bounds from one to four %o makes others that make sense", (wanted, bounds) => {
  expect(boundsFor(wanted, has)).toEqual(bounds);
});
