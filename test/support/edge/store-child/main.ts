import { writeSync } from "node:fs";
import process from "node:process";
import { clearShelf } from "#edge/store/clear-shelf.ts";
import { lockFolder } from "#edge/store/lock.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openDisk } from "#edge/store/open-disk.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { activate, beginTrial, endProbation, fallBack } from "#edge/store/steps.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { smallRelease } from "../small-release.ts";

/** Changes a device's state and shelf as fast as it can, and says of each change when it lasts, until it is killed. */
const [folder = "", rounds = "Infinity"] = process.argv.slice(2);
const model = "digits-n";
const signal = new AbortController().signal;
const fs = openDisk();
await using _lock = await lockFolder({ folder, pid: process.pid, chance: systemChance });
await using store = await openState({ fs, folder });
const shelf = openShelf({ fs, folder });

say({ found: store.found });
for (let round = 0; round < Number(rounds); round += 1) {
  await update(modelOf(store.state, model).floor + 1);
  await clearShelf({ shelf, store });
  const isBad = modelOf(store.state, model).floor % 4 === 0;
  await store.change((state) =>
    isBad
      ? fallBack(state, model, { cause: "unhealthy", detail: "it sees nothing" })
      : endProbation(state, model),
  );
  say({});
}

async function update(release: number): Promise<void> {
  const { artefact, bytes, golden, slot } = smallRelease(release, { bytes: 40_000 });
  const path = await shelf.prepare(artefact.sha256, { signal });
  await using file = await fs.open(path);
  await file.writeAt(0, bytes);
  await shelf.put({ artefact, golden }, { signal });
  await store.change((state) => beginTrial(state, model, { slot }));
  say({});
  await store.change((state) => activate(state, model, { now: release, agreement: null }));
  say({});
}

/** At once and by itself: what is said counts as answered for. */
function say(more: object): void {
  const { active, previous, floor, quarantined } = modelOf(store.state, model);
  const { generation } = store.state;
  const said = { generation, floor, active: active?.sha256, previous: previous?.sha256, ...more };
  writeSync(1, `${JSON.stringify({ ...said, quarantined: quarantined.length })}\n`);
}
