const shapes = [
  [320, 320],
  [320, 320],
  [320, 240],
  [240, 320],
  [320, 180],
] as const;

/** The width and height of scene number `index` of a set: one list, so that what is measured is shaped like what was trained on. */
export function shapeAt(index: number): readonly [width: number, height: number] {
  return shapes[index % shapes.length] ?? shapes[0];
}
