import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where the shell would find a program, or undefined. */
export function findProgram(name: string, searchPath = process.env.PATH ?? ""): string | undefined {
  const places = searchPath.split(delimiter).filter((folder) => folder !== "");
  return places.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
