#!/usr/bin/env node
// Plain JavaScript, because it must parse on an old Node to say which one is needed, and because Node refuses to
// run TypeScript under node_modules: a checkout runs its sources, an installed package what the build emitted.
import { existsSync } from "node:fs";

const needed = [24, 15];
const running = process.versions.node.split(".").map(Number);
const tooOld = running[0] < needed[0] || (running[0] === needed[0] && running[1] < needed[1]);

if (tooOld) {
  process.stderr.write(
    `tradewind needs Node ${needed.join(".")} or newer, this is ${process.versions.node}\n`,
  );
  process.exitCode = 1;
} else {
  const source = new URL("main.ts", import.meta.url);
  const built = new URL("../dist/infra/main.js", import.meta.url);
  await import(String(existsSync(source) ? source : built));
}
