/** The 16 bits of the half-precision number next to a value from 0 to 1, an even one of two that are as near. */
export function halfBits(value: number): number {
  if (value < smallestNormal) return roundHalfToEven(value * 2 ** 24);
  const exponent = Math.floor(Math.log2(value));
  // A fraction that rounds up to 1 carries into the exponent, as it should.
  return ((exponent + 15) << 10) + roundHalfToEven((value / 2 ** exponent - 1) * 1_024);
}

const smallestNormal = 2 ** -14;

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 && floor % 2 === 0 ? floor : Math.round(value);
}
