import {
  type DeviceSight,
  livenessAt,
  type Sighted,
  type SightState,
  sight,
} from "#gateway/devices/device-sight.ts";
import { countInWords } from "#gateway/devices/rings/judge-ring.ts";
import { type EdgeRollout, noCount, ringInWords } from "#gateway/devices/rings/rollout.ts";
import { hasFailed, type ModelSum } from "#gateway/devices/sum-fleet.ts";
import { type Head, printable, table } from "../explain/table.ts";

export type DevicesSight = {
  readonly models: readonly ModelSum[];
  /** The latest of each model. */
  readonly rollouts: readonly EdgeRollout[];
  readonly devices: readonly DeviceSight[];
  /** Whether the devices were chosen, so that each of them is shown. */
  readonly isSelected: boolean;
  readonly now: number;
};

/** Devices as a person reads of them. */
export function showDevices(seen: DevicesSight): string {
  const { models, rollouts, devices } = seen;
  const releases = models.flatMap(releaseRows);
  const rows = devices.flatMap((device) => deviceRows(device, seen));
  const shown = seen.isSelected || devices.length <= fewDevices ? rows.slice(0, mostRows) : [];
  const parts = [
    models.length > 0 ? [table(modelHead, models.map(modelRow))] : ["no device is known yet"],
    releases.length > 0 ? [table(releaseHead, releases)] : [],
    models.flatMap(failureLines),
    rollouts.flatMap((rollout) => rolloutLines(rollout, seen)),
    shown.length > 0 ? [table(deviceHead, shown)] : [],
    rows.length > shown.length && shown.length > 0
      ? [`and ${rows.length - shown.length} more: see --json`]
      : [],
    devices.flatMap(asideLines),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

/** So many are shown one by one without being asked for. */
const fewDevices = 20;
const mostRows = 200;

const columns: readonly (readonly [SightState, string])[] = [
  ["in_sync", "in sync"],
  ["syncing", "syncing"],
  ["probation", "probation"],
  ["failed", "failed"],
  ["fell_back", "fell back"],
  ["built_in", "built-in"],
  ["waiting", "waiting"],
  ["stale", "stale"],
  ["offline", "offline"],
  ["set_aside", "set aside"],
];

const words: ReadonlyMap<SightState, string> = new Map(columns);

const modelHead: Head = [
  { name: "model" },
  { name: "devices", isNumber: true },
  ...columns.map(([, name]) => ({ name, isNumber: true })),
  { name: "lag" },
];

function modelRow({ model, devices, states, lag }: ModelSum): string[] {
  const lags = lag
    ? `${lag.devices} behind, ${inWords(lag.p50Ms)} by half, ${inWords(lag.mostMs)} at most`
    : "-";
  return [model, String(devices), ...columns.map(([state]) => String(states[state])), lags];
}

const releaseHead: Head = [
  { name: "model" },
  { name: "release", isNumber: true },
  { name: "desired", isNumber: true },
  { name: "reported", isNumber: true },
];

function releaseRows({ model, releases }: ModelSum): string[][] {
  return releases.map(({ release, desired, reported }) => [
    ...[model, String(release), String(desired), String(reported)],
  ]);
}

function failureLines({ model, failures }: ModelSum): readonly string[] {
  return failures.map(({ cause, release, devices }) =>
    printable(`${model} release ${release}: ${cause} on ${devices} ${devices === 1 ? "device" : "devices"}`),
  );
}

/** How long a device takes until it counts as one that has tried a release. */
export const probationInWords = "200 images, or 15 minutes with at least 25, or a day where hardly any come";

function rolloutLines(rollout: EdgeRollout, { models }: DevicesSight): readonly string[] {
  const { id, model, release, rings, state, progress, why, actor, startedAt, endedAt } = rollout;
  const until = endedAt ? ` since ${endedAt.toISOString()}` : "";
  const counts = rings.map((ring, place) => {
    const name = `ring ${place + 1} of ${rings.length} (${ringInWords(ring)})`;
    // What it waits for, or stopped for, names its ring and has these counts.
    if (why.startsWith(`${name}: `)) return `  ${why}`;
    const begun = place <= progress.ring ? countInWords(progress.counts[place] ?? noCount) : "not begun";
    return `  ${name}: ${begun}`;
  });
  const isTold = counts.includes(`  ${why}`);
  const probation = models.find((one) => one.model === model)?.states.probation ?? 0;
  return [
    `rollout ${id} of ${model} release ${release} by ${actor} at ${startedAt.toISOString()}: ${state}${until}`,
    ...(why === "" || isTold ? [] : [`  ${why}`]),
    ...counts,
    ...(state === "running" && probation > 0
      ? [`  ${probation} on probation, which lasts ${probationInWords}`]
      : []),
  ].map(printable);
}

const deviceHead: Head = [
  { name: "device" },
  { name: "label" },
  { name: "model" },
  { name: "desired", isNumber: true },
  { name: "why" },
  { name: "reported", isNumber: true },
  { name: "state" },
  { name: "lag", isNumber: true },
  { name: "seen" },
  { name: "trouble" },
];

function deviceRows(device: DeviceSight, { isSelected, now }: DevicesSight): string[][] {
  const sighted = device.models.map((model) => sight(device, model, now));
  const some = isSelected ? sighted.filter(hasFailed) : sighted;
  if (some.length === 0 && !isSelected) return [bareRow(device, now)];
  return some.map((one) => deviceRow(one, now));
}

function deviceRow({ device, model, state, failure, lagMs }: Sighted, now: number): string[] {
  const { planned, reported } = model;
  const number = (release: number | null | undefined): string => String(release ?? "-");
  const failed = failure && hasFailed({ state }) ? `${failure.cause} ${failure.detail}`.trim() : undefined;
  return [
    ...[device.id, device.label ?? "-", model.model, number(planned?.release), planned?.why ?? "-"],
    ...[number(reported?.active?.release), words.get(state) ?? state],
    ...[lagMs === undefined ? "-" : inWords(lagMs), seenInWords(device, now)],
    failed ?? device.trouble ?? "",
  ];
}

function bareRow(device: DeviceSight, now: number): string[] {
  const state = livenessAt(device, now).replace("_", " ");
  const unknown = ["-", "-", "-", "-"];
  return [
    device.id,
    device.label ?? "-",
    ...unknown,
    state,
    "-",
    seenInWords(device, now),
    device.trouble ?? "",
  ];
}

function asideLines({ id, setAside }: DeviceSight): readonly string[] {
  if (!setAside) return [];
  return [printable(`${id} is set aside since ${new Date(setAside.at).toISOString()}: ${setAside.why}`)];
}

function seenInWords({ lastSeen }: DeviceSight, now: number): string {
  return lastSeen === undefined ? "never" : `${inWords(Math.max(0, now - lastSeen))} ago`;
}

function inWords(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1_000)}s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)}m`;
  return ms < 86_400_000 ? `${Math.round(ms / 3_600_000)}h` : `${Math.round(ms / 86_400_000)}d`;
}
