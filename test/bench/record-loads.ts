import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

// Loaded by `--import` into every process and worker of a start under inspection. It writes at once, not at exit, so
// that a process that is killed has still told what it loaded.
const record = process.env.TRADEWIND_RECORD_LOADS;

registerHooks({
  load: (url, context, next) => {
    if (record && !url.startsWith("node:")) appendFileSync(record, `${url}\n`);
    return next(url, context);
  },
});
