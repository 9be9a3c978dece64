/** Clients put the name into a path, some without escaping it. */
export function isModelName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
}

export const nameRule =
  "this cannot be a model's name: use letters, digits, dot, dash and underscore, at most 64";
export const noVersion = "it has no <version>/model.onnx";

/** Digits, as in Triton; none begins with a zero, so that one number has one spelling. */
export function isVersion(text: string): boolean {
  return /^[1-9]\d{0,14}$/.test(text);
}

export function byVersion(one: string, other: string): number {
  return Number(one) - Number(other);
}

/** The path of a file within a version's folder: nothing hidden, nothing outside, nothing that a terminal obeys. */
export function isFilePath(path: string): boolean {
  const parts = path.split("/");
  return parts.length <= deepest && parts.every((part) => /^[^./\\\p{C}][^/\\\p{C}]{0,254}$/u.test(part));
}

const deepest = 4;

/** A name from outside, fit for a message. */
export function shown(text: string): string {
  return text.replaceAll(/\p{C}/gu, "?").slice(0, 64);
}
