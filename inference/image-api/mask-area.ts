/** How many pixels a mask covers, by COCO's compressed run lengths: every second run is set. */
export function maskArea(mask: string): number {
  let area = 0;
  let [earlier, previous] = [0, 0];
  let at = 0;
  for (let index = 0; at < mask.length; index += 1) {
    const [value, next] = readNumber(mask, at);
    const count = index > 2 ? value + earlier : value;
    if (index % 2 === 1) area += count;
    [earlier, previous, at] = [previous, count, next];
  }
  // What is no mask may count backwards.
  return Math.max(0, area);
}

/** Groups of five bits from the lowest; a sixth says whether more follow, and the last group's highest is the sign. */
function readNumber(mask: string, from: number): readonly [value: number, next: number] {
  let value = 0;
  let shift = 0;
  for (let at = from; ; at += 1) {
    const group = mask.charCodeAt(at) - 48;
    value |= (group & 31) << shift;
    shift += 5;
    if (group & 32 && at + 1 < mask.length) continue;
    if (group & 16 && shift < 32) value |= -1 << shift;
    return [value, at + 1];
  }
}
