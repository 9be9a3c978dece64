/** As PostgreSQL takes it, which knows neither the character zero nor half of one; foreign sentences may have both. */
export function storable(text: string): string {
  return text.replaceAll("\u0000", "").toWellFormed();
}

/** JSON of which the same is true. */
export function storableJson(value: unknown): string {
  const clean = (_: string, one: unknown): unknown => (typeof one === "string" ? storable(one) : one);
  return JSON.stringify(value, clean) ?? "null";
}
