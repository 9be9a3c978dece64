import { appendFileSync } from "node:fs";
import { standForLeader } from "#gateway/operations/leader.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";

/** A process for tests to kill and to freeze: while it leads, it does something that shows every few milliseconds. */
const [url = "", name = "", journal = "", silentMs = "5000"] = process.argv.slice(2);

const candidacy = standForLeader({
  ...{ url, name, clock, beatMs: 100, silentMs: Number(silentMs) },
  tell: (state) => void process.send?.({ state }),
  lead: async ({ term, signal, ending, check }) => {
    while (!ending.aborted) {
      await check();
      appendFileSync(journal, `${term} ${name}\n`);
      await clock.sleep(5, { signal });
    }
  },
});

process.on("SIGTERM", async () => {
  await candidacy.close();
  process.exit(0);
});
