/** What one image's answer says is in it. */
export type Detections = readonly unknown[];

/** The detections of each image in an answer, however deep they lie. */
export function detectionsIn(value: unknown): readonly Detections[] {
  if (typeof value !== "object" || value === null) return [];
  if ("detections" in value && Array.isArray(value.detections)) return [value.detections];
  return Object.values(value).flatMap(detectionsIn);
}

/** Whatever else is asked in the same batch may move a last digit, and nothing more. */
const slack = 0.02;

export function sameDetections(one: unknown, other: unknown): boolean {
  if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) <= slack;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return one === other;
  const [mine, yours] = [Object.entries(one), new Map(Object.entries(other))];
  return mine.length === yours.size && mine.every(([name, value]) => sameDetections(value, yours.get(name)));
}
