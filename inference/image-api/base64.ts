/** The bytes that the text stands for, in either alphabet, padded or not; undefined where it is no base64. */
export function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  // Node's decoder skips what it does not know. Writing the bytes again is the quickest way to see that it did not.
  if (bytes.toString("base64") === text) return bytes;
  return isBase64(text.replace(/[ \t\r\n]+/g, "")) ? bytes : undefined;
}

function isBase64(text: string): boolean {
  if (!/^[\w+/-]*={0,2}$/.test(text)) return false;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const remainder = (text.length - padding) % 4;
  return remainder !== 1 && (padding === 0 || remainder + padding === 4);
}
