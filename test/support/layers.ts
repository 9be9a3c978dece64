import { blindImports, importsOf } from "./imports.ts";
import type { SourceFile } from "./source-files.ts";
import { bareCode, tokens } from "./source-tokens.ts";

/** What the files of a folder may name besides their own folder: path beginnings, or whole paths. */
const mayName: Readonly<Record<string, readonly string[]>> = {
  infra: [],
  inference: ["infra/"],
  adapters: ["inference/", "infra/"],
  gateway: [
    "adapters/",
    "inference/artefacts/",
    "inference/contract.ts",
    "inference/image/",
    "inference/image-api/",
    "inference/models/metadata.ts",
    "infra/",
  ],
  edge: ["inference/", "infra/"],
};

/** Rooms that a folder may not enter though its storey is below. */
const mayNotName: Readonly<Record<string, readonly string[]>> = {
  adapters: ["inference/engine/", "inference/heads/", "inference/quantize/"],
};

/** Rooms whose files name less than their storey may. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  // What gateways and devices share of the public API, so that neither brings the backend's engine along.
  "inference/image-api/": ["inference/contract.ts", "inference/image/", "infra/runtime/"],
};

type CodeRule = {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed: (path: string, code: string) => boolean;
};

const codeRules: readonly CodeRule[] = [
  {
    what: "touches the process",
    pattern: /\bprocess\s*\.\s*(?:(?:env|exit|exitCode|on|once|abort)\b|kill\(\s*process\.pid)/,
    // A process that came in as an argument is the house's own way.
    allowed: (path, code) => mayLookUp(path) || /\bprocess\??: [A-Z]\w*/.test(code),
  },
  {
    what: "reads the clock or chance directly",
    pattern:
      /\b(Math\.random|Date\.now|performance\.now|randomUUID|randomBytes|getRandomValues)\b|\bnew Date\(\s*\)/,
    allowed: (path) =>
      // The client runs in browsers too, which have no chance.ts.
      mayLookUp(path) || /^(infra\/runtime\/(clock|chance)|gateway\/client\/surroundings)\.ts$/.test(path),
  },
  { what: "writes to the console", pattern: /\bconsole\s*\./, allowed: mayLookUp },
];

/** Every way in which a set of files breaks the house, one line each; pure, so that a test can plant some. */
export function houseViolations(
  files: readonly SourceFile[],
  providers: readonly string[],
): readonly string[] {
  return files.flatMap((file) => [
    ...edgeViolations(file),
    ...codeViolations(file),
    ...processViolations(file),
    ...nameViolations(file, providers),
  ]);
}

/** Entry points and the operator's command stand above the storeys. */
function mayLookUp(path: string): boolean {
  return isMain(path) || path.startsWith("infra/command/") || path.startsWith("gateway/examples/");
}

function isMain(path: string): boolean {
  return path === "main.ts" || path.endsWith("/main.ts");
}

function edgeViolations(file: SourceFile): readonly string[] {
  const blind =
    blindImports(file) > 0 && !mayLookUp(file.path) ? [`${file.path} imports a module it does not name`] : [];
  const edges = importsOf(file)
    .filter(({ from, to }) => !edgeAllowed(from, to))
    .map(({ from, to }) => `${from} may not name ${to}`);
  return [...blind, ...edges];
}

function edgeAllowed(from: string, to: string): boolean {
  const [storey = "", target = ""] = [topOf(from), topOf(to)];
  if (!Object.hasOwn(mayName, target)) return target === "package.json";
  // Nobody imports them; a supervisor starts them as processes of their own, by path.
  if (isMain(to)) return from.startsWith("infra/command/") || isChildOf(to, from);
  if (to.startsWith("infra/command/")) return from === "infra/main.ts" || from.startsWith("infra/command/");
  const room = Object.keys(rooms).find((path) => from.startsWith(path));
  if (room) return isWithin(to, [room, ...(rooms[room] ?? [])]);
  if (mayLookUp(from) || storey === target) return true;
  if (mayNotName[storey]?.some((room) => to.startsWith(room))) return false;
  return isWithin(to, mayName[storey] ?? []);
}

function isWithin(to: string, places: readonly string[]): boolean {
  return places.some((place) => to === place || (place.endsWith("/") && to.startsWith(place)));
}

/** A program that one file alone starts lies in a folder beside that file, never at the top of a storey. */
function isChildOf(program: string, starter: string): boolean {
  const folder = starter.slice(0, starter.lastIndexOf("/") + 1);
  return (
    folder.split("/").length > 2 &&
    /^[^/]+\/main\.ts$/.test(program.slice(folder.length)) &&
    program.startsWith(folder)
  );
}

function codeViolations({ path, text }: SourceFile): readonly string[] {
  const code = bareCode(text);
  return codeRules
    .filter(({ pattern, allowed }) => !allowed(path, code) && pattern.test(code))
    .map(({ what, pattern }) => `${path} ${what}: ${pattern.exec(code)?.[0]}`);
}

function processViolations({ path, text }: SourceFile): readonly string[] {
  const fetched = tokens(text).some((token) => token.kind === "string" && token.text === "node:process");
  return fetched && !mayLookUp(path) ? [`${path} fetches the process for itself`] : [];
}

function nameViolations({ path, text }: SourceFile, providers: readonly string[]): readonly string[] {
  const isList = /^adapters\/(?:registry|controls|surveys)\.ts$/.test(path);
  const atHome = isList || providers.some((name) => path.startsWith(`adapters/${name}/`));
  if (atHome) return [];
  return tokens(text)
    .filter((token) => token.kind === "string" && providers.includes(token.text))
    .map((token) => `${path} knows a provider by name: "${token.text}"`);
}

function topOf(path: string): string | undefined {
  return path.split("/")[0];
}
