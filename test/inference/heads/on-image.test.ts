import { expect, test } from "vitest";
import { keypointsOf, type Seen, turnedBox } from "#inference/heads/on-image.ts";
import { letterbox } from "#inference/image/letterbox.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { plainCorners, plainKeypoints } from "./plain-on-image.ts";

function randomSeen(random: Random): Seen {
  const image = { width: random.integer(1, 2_000), height: random.integer(1, 2_000) };
  return { image, letterbox: letterbox(image, { width: 640, height: 320 }) };
}

test("keypoints agree with plain ones on random images", () => {
  const random = seededRandom(71);
  for (let round = 0; round < 100; round += 1) {
    const seen = randomSeen(random);
    const numbers = random.chance(0.5) ? 2 : 3;
    const rows = Array.from({ length: random.integer(1, 17) }, () =>
      [random.between(-50, 700), random.between(-50, 400), random.between(-0.1, 1.1)]
        .map(Math.fround)
        .slice(0, numbers),
    );
    const found = keypointsOf(Float32Array.from(rows.flat()), { count: rows.length, numbers }, seen);
    expect(found).toEqual(plainKeypoints(rows, seen));
  }
});

test("corners agree with plain ones on random boxes and angles, and the box around them holds them all", () => {
  const random = seededRandom(72);
  for (let round = 0; round < 100; round += 1) {
    const seen = randomSeen(random);
    const [x1, y1] = [random.between(0, 500), random.between(0, 300)];
    const rotated = { x1, y1, x2: x1 + random.between(0, 200), y2: y1 + random.between(0, 200) };
    const angle = random.between(-4, 4);
    const { corners, box } = turnedBox(rotated, angle, seen);
    const plain = plainCorners(rotated, angle, seen);
    corners.forEach(({ x, y }, index) => {
      expect(x).toBeCloseTo(plain[index]?.x ?? Number.NaN, 6);
      expect(y).toBeCloseTo(plain[index]?.y ?? Number.NaN, 6);
      const { width, height } = seen.image;
      expect(box.x1).toBeLessThanOrEqual(Math.min(Math.max(x, 0), width));
      expect(box.y2).toBeGreaterThanOrEqual(Math.min(Math.max(y, 0), height));
    });
    expect(
      Math.min(box.x1, box.y1, seen.image.width - box.x2, seen.image.height - box.y2),
    ).toBeGreaterThanOrEqual(0);
  }
});
