/**
 * The shortest decimal that reads back as the same float32: 0.1, where the number as a double is
 * 0.10000000149011612. What JSON has no form for is null.
 */
export function float32Text(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0";
  if (!Number.isFinite(value)) return "null";
  const size = Math.abs(value);
  if (size < smallest || size >= largest) return plainly(value);
  const exponent = Math.floor(Math.log10(size));
  for (let digits = 6; digits <= 9; digits += 1) {
    const places = digits - 1 - exponent;
    const power = powersOfTen[Math.abs(places)] ?? 1;
    const rounded = places < 0 ? Math.round(value / power) * power : Math.round(value * power) / power;
    if (Math.fround(rounded) === value) return `${rounded}`;
  }
  return plainly(value);
}

/** Every double has a shortest text of its own. */
export function float64Text(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0.0" : `${value}`;
  return "null";
}

/** Between them no power of ten is needed that a double does not hold exactly. */
const [smallest, largest] = [1e-13, 1e22];
const powersOfTen = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Slow and always right. */
function plainly(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return `${rounded}`;
  }
  return `${Number(value.toPrecision(9))}`;
}
