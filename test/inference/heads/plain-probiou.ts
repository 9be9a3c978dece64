import type { Found } from "#inference/heads/found.ts";

/** The overlap of two rotated boxes as it was published (ProbIoU, equations 6 to 12), term by term. */
export function plainProbIou(one: Found, other: Found): number {
  const [p, q] = [gaussian(one), gaussian(other)];
  const [a, b, c] = [p.a + q.a, p.b + q.b, p.c + q.c];
  const small = 1e-7;
  const determinant = a * b - c * c;
  const first = ((a * (p.y - q.y) ** 2 + b * (p.x - q.x) ** 2) / (determinant + small)) * 0.25;
  const second = ((c * (q.x - p.x) * (p.y - q.y)) / (determinant + small)) * 0.5;
  const own = (g: Gaussian): number => Math.max(0, g.a * g.b - g.c * g.c);
  const third = Math.log(determinant / (4 * Math.sqrt(own(p) * own(q)) + small) + small) * 0.5;
  const bhattacharyya = Math.min(Math.max(first + second + third, small), 100);
  return 1 - Math.sqrt(1 - Math.exp(-bhattacharyya) + small);
}

type Gaussian = {
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
};

function gaussian({ box: { x1, y1, x2, y2 }, extras: [angle = 0] }: Found): Gaussian {
  const [wide, high] = [(x2 - x1) ** 2 / 12, (y2 - y1) ** 2 / 12];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    x: (x1 + x2) / 2,
    y: (y1 + y2) / 2,
    a: wide * cos ** 2 + high * sin ** 2,
    b: wide * sin ** 2 + high * cos ** 2,
    c: (wide - high) * cos * sin,
  };
}
