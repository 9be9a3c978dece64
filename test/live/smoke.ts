import { runSmoke } from "./run-smoke.ts";

// For one real cloud with real credentials, by hand: no suite runs it, and nothing but a person starts it.
process.exitCode = await runSmoke({
  kind: process.argv[2],
  env: process.env,
  say: (line) => console.log(line),
});
