/** Of several keys in one call, a cluster looks at what stands in braces only, to find out where they lie. */
export function nameKey(prefix: string, tag: string | undefined, key: string): string {
  return tag === undefined ? prefix + key : `${prefix}{${tag}}:${key}`;
}
