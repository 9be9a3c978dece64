import { blockCount, blockHashBytes } from "#inference/artefacts/blocks.ts";
import { mostGoldenBytes } from "#inference/artefacts/golden.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { AskOrigins } from "../fetch/ask-origins.ts";
import { fetchFile } from "../fetch/fetch-file.ts";
import { fetchSmall } from "../fetch/fetch-small.ts";
import { clearShelf } from "../store/clear-shelf.ts";
import { modelOf, withModel } from "../store/model-state.ts";
import { type ShelfItem, slotOf } from "../store/shelf-item.ts";
import { activate, beginTrial, endTrial, quarantine, renumber } from "../store/steps.ts";
import { isStopped } from "./failure-of.ts";
import type { Bringing } from "./plan-sync.ts";
import type { SyncParts, Verdict } from "./sync-parts.ts";
import { turnModel } from "./turn-model.ts";

type Patience = { readonly signal: AbortSignal };

/** A power cut during a test says nothing of the model, two hardly anything. */
const tries = 3;

/**
 * Fetches a release, unless it is here, and tries it; at the end it runs, or it is set aside and what ran goes on. A
 * release may have the bytes of an earlier one, since a higher number is a publisher's way back.
 */
export async function bringModel(bringing: Bringing, parts: SyncParts, { signal }: Patience): Promise<void> {
  const { about, sha256 } = bringing.artefact;
  const { model, release } = about;
  const { store, memo } = parts;
  const { active, quarantined } = modelOf(store.state, model);
  const bad = quarantined.find((one) => one.sha256 === sha256);
  if (bad) return void memo.failures.set(model, { cause: bad.cause, detail: bad.detail, release });
  if (active?.sha256 === sha256) return await renumberActive(bringing, parts, { signal });
  memo.onTheWay.set(model, release);
  try {
    const item = await putOnShelf(bringing, parts, { signal });
    await store.change((state) => beginTrial(state, model, { slot: slotOf(item), tries }));
    await tryOnShelf(item, parts, { signal });
  } finally {
    memo.onTheWay.delete(model);
  }
}

async function renumberActive(
  { artefact: { about, sha256 } }: Bringing,
  parts: SyncParts,
  { signal }: Patience,
): Promise<void> {
  const { model, release, version, target } = about;
  await parts.store.change((state) => renumber(state, model, { release, version, sha256, target }));
  parts.memo.failures.delete(model);
  parts.health.follow(model);
  await turnModel(model, parts, { signal });
  parts.log.info({ model, release, version }, "what runs goes on under a higher number");
}

/** The self-test of what is on trial, and what follows from it. */
export async function tryOnShelf(item: ShelfItem, parts: SyncParts, { signal }: Patience): Promise<void> {
  const { model } = item.about;
  const { store } = parts;
  const verdict = await parts.tryModel(item, { signal }).catch(async (error: unknown) => {
    // No verdict: it stays on trial only if the test itself was cut short with everything else.
    if (!isStopped(error, signal)) await store.change((state) => endTrial(state, model));
    throw error;
  });
  if (verdict.held) await switchTo(item, verdict, parts, { signal });
  else await setAside(item, verdict, parts);
  await clearShelf(parts, parts.memo.wanted);
}

async function switchTo(
  item: ShelfItem,
  { agreement }: Extract<Verdict, { held: true }>,
  parts: SyncParts,
  { signal }: Patience,
): Promise<void> {
  const { store, clock, log, memo, health, running } = parts;
  const { model, release, version } = item.about;
  const switched = { agreement, before: health.usualOf(model), ran: running.find(model)?.sha256 };
  let held = modelOf(store.state, model);
  await store.change((state) => {
    held = modelOf(state, model);
    return activate(state, model, { ...switched, now: clock.now() });
  });
  memo.failures.delete(model);
  try {
    await turnModel(model, parts, { signal });
  } catch (error) {
    if (isStopped(error, signal)) throw error;
    const detail = `it cannot be opened: ${asTradewindError(error).message}`.slice(0, 300);
    const failure = { cause: "self_test_failed", detail } as const;
    // It never ran, so all is as it was before it: what is behind the one that runs, and how that one stands.
    await store.change((state) =>
      quarantine(withModel(state, model, held), model, { slot: slotOf(item), ...failure }),
    );
    health.follow(model);
    memo.failures.set(model, { ...failure, release });
    throw error;
  }
  health.follow(model);
  log.info({ model, release, version, agreement_ppm: agreement }, "a release runs");
}

async function setAside(
  item: ShelfItem,
  { cause, detail }: Extract<Verdict, { held: false }>,
  { store, log, memo }: SyncParts,
): Promise<void> {
  const { model, release } = item.about;
  await store.change((state) => quarantine(state, model, { slot: slotOf(item), cause, detail }));
  memo.failures.set(model, { cause, detail: detail.slice(0, 300), release });
  log.warn(
    { model, release, cause, detail },
    "a release did not hold its self-test and is never tried again",
  );
}

/** Whole, verified and lasting. What is on the shelf already is not asked for. */
export async function putOnShelf(
  bringing: Bringing,
  parts: SyncParts,
  patience: Patience,
): Promise<ShelfItem> {
  const { artefact } = bringing;
  const { shelf, memo } = parts;
  const there = memo.damaged.has(artefact.sha256) ? undefined : await shelf.find(artefact.sha256);
  if (there) return { ...there, about: artefact.about };
  try {
    return await fetchToShelf(bringing, parts, patience);
  } catch (error) {
    if (asTradewindError(error).code !== "disk_full") throw error;
    // What an older state still needed may be gone by now; there is one more try with that room.
    const removed = await clearShelf(parts, [artefact.sha256]);
    if (removed.length === 0) throw error;
    return await fetchToShelf(bringing, parts, patience);
  }
}

async function fetchToShelf(
  { artefact, golden, blocks }: Bringing,
  parts: SyncParts,
  { signal }: Patience,
): Promise<ShelfItem> {
  const { fs, shelf, clock, chance, pace, memo, origins } = parts;
  const { sha256, bytes } = artefact;
  const asking: AskOrigins = { origins, left: new Set(), clock, chance, signal };
  await shelf.roomFor({ sha256, bytes });
  const part = await shelf.prepare(sha256, { signal });
  const listBytes = blockHashBytes * blockCount(bytes);
  const list = await fetchSmall({ ...asking, file: blocks, maxBytes: listBytes, pace });
  const { received } = await fetchFile({ ...asking, file: artefact, blocks: list, fs, part, pace });
  memo.fetchedBytes += received;
  // Last, since what has come of the model outlasts a start, and of these it does not.
  const images = await fetchSmall({ ...asking, file: golden, maxBytes: mostGoldenBytes, pace });
  const item = await shelf.put({ artefact, golden: images }, { signal });
  memo.damaged.delete(sha256);
  return item;
}
