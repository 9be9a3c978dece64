import { extname } from "node:path";

/**
 * The module beside `from` that a worker or a child process starts with. Specifiers inside `new URL()` are not rewritten
 * when the package is built, so the ending follows the file that asks: `.ts` in a checkout, `.js` in the package.
 */
export function entryPoint(path: string, from: string): URL {
  return new URL(path + extname(new URL(from).pathname), from);
}
