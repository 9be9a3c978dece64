import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { anchors, codeSpans, links } from "./markdown.ts";
import type { SourceFile } from "./source-files.ts";

/** What there is to call. */
export type Callable = {
  readonly scripts: ReadonlySet<string>;
  readonly verbs: ReadonlySet<string>;
  readonly benches: ReadonlySet<string>;
  readonly soaks: ReadonlySet<string>;
};

/** npm's own words that a page may use without a script of that name. */
const npmVerbs = new Set([
  "ci",
  "install",
  "i",
  "exec",
  "pack",
  "run",
  "audit",
  "publish",
  "outdated",
  "update",
]);

/** The commands that a page tells its reader to type and that do not exist, as they stand there. */
export function brokenCommands(page: string, callable: Callable): readonly string[] {
  return codeSpans(page).flatMap((span) => [
    ...unknown(span, /\bnpm run (?!bench\b|soak\b)([\w:-]+)/g, callable.scripts),
    ...unknown(span, /\bnpm ([a-z][\w-]*)/g, new Set([...npmVerbs, ...callable.scripts])),
    ...unknown(span, /\bnpm run bench(?: -- (?:--\S+ )*([a-z][\w-]*))?/g, callable.benches),
    ...unknown(span, /\bnpm run soak(?: -- (?:--\S+ )*([a-z][\w-]*))?/g, callable.soaks),
    ...unknown(span, /(?:^|[\s;&|$])tradewind (?:-- )?([a-z][\w-]*)/g, callable.verbs),
  ]);
}

/** The links and images of a page that lead to no file, or to no heading of it. */
export function brokenLinks({ path, text }: SourceFile, folder: string): readonly string[] {
  return links(text).filter((link) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return false;
    const [target = "", anchor] = decodeURIComponent(link).split("#");
    const file = target === "" ? join(folder, path) : join(folder, dirname(path), target);
    if (!existsSync(file)) return true;
    return anchor !== undefined && file.endsWith(".md") && !anchors(readFileSync(file, "utf8")).has(anchor);
  });
}

/** The group of a pattern is the name; a bare command names nothing, and capitals stand for the reader's own. */
function unknown(span: string, pattern: RegExp, known: ReadonlySet<string>): readonly string[] {
  return [...span.matchAll(pattern)].flatMap(([command, name]) => {
    return name === undefined || known.has(name) ? [] : [command.trim()];
  });
}
