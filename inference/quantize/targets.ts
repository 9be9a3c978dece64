/** What computes the model: each has its own fastest kind of whole numbers. */
export type Target = "x64" | "x64-no-vnni" | "arm64";

export type NumberKinds = {
  /** Of what flows between operations. */
  readonly activation: { readonly type: "uint8" | "int8"; readonly least: number; readonly most: number };
  /** Weights lie between minus this and this. */
  readonly mostWeight: number;
};

/**
 * Without VNNI two products of eight bits are added in sixteen, which overflows and gives plain wrong answers; seven bits
 * of weight leave the room. On arm64 both sides must be signed.
 */
export const numberKinds: Readonly<Record<Target, NumberKinds>> = {
  x64: { activation: { type: "uint8", least: 0, most: 255 }, mostWeight: 127 },
  "x64-no-vnni": { activation: { type: "uint8", least: 0, most: 255 }, mostWeight: 64 },
  arm64: { activation: { type: "int8", least: -128, most: 127 }, mostWeight: 127 },
};

export function isTarget(text: string): text is Target {
  return Object.hasOwn(numberKinds, text);
}
