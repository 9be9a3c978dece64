import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { serve } from "./serve.ts";

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    control: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    journal: { type: "string" },
    /** What is to go with it when whoever started it is gone. */
    folder: { type: "string" },
  },
});

const { host, journal, seed, control } = values;
const served = await serve({
  host,
  port: Number(values.port),
  control: /^\d+$/.test(control) ? Number(control) : control,
  seed: Number(seed),
  journal,
});
process.send?.(served);
if (!process.send) console.log(`http://${host}:${served.port}, controlled at ${served.control}`);
// Whoever started it is gone, however that came, or all of them were told to go.
for (const end of ["disconnect", "SIGINT", "SIGTERM"]) {
  process.once(end, () => {
    if (values.folder !== undefined) rmSync(values.folder, { recursive: true, force: true });
    process.exit();
  });
}
