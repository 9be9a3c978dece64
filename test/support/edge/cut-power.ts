import { createHash } from "node:crypto";
import type { FileSystem } from "#edge/store/file-system.ts";
import { createCrashDisk, type DiskContent } from "./crash-disk.ts";
import { type Claims, noClaims } from "./device-claims.ts";
import { judgeDisk } from "./judge-disk.ts";
import type { PlayOptions } from "./play-device.ts";

export type Cuts = {
  /** Different disks that a power cut at some moment can leave. */
  readonly states: number;
  readonly moments: number;
  /** What was wrong, and at which moment. */
  readonly faults: readonly string[];
};

export type CutOptions = {
  readonly play: (options: PlayOptions) => Promise<void>;
  readonly start?: DiskContent;
  readonly claims?: Claims;
  /** A mistake between the device and its disk. */
  readonly through?: (fs: FileSystem) => FileSystem;
  readonly collectsEarly?: boolean;
  /** Of each moment; all of them unless a device with a planted mistake would have too many. */
  readonly most?: number;
};

type Moment = { readonly deed: string; readonly claims: Claims; readonly disks: readonly DiskContent[] };

/** Nobody reads more. */
const mostFaults = 5;

/** Plays a life once, and starts a device on every disk that a power cut anywhere in it can leave. */
export async function cutPower(options: CutOptions): Promise<Cuts> {
  const moments = await record(options);
  const faults: string[] = [];
  const judged = new Set<string>();
  const states = new Set<string>();
  for (const { deed, claims, disks } of moments) {
    for (const disk of disks) {
      const state = digestOf(disk);
      states.add(state);
      const key = `${state} ${claimKey(claims)}`;
      if (judged.has(key)) continue;
      judged.add(key);
      faults.push(...(await judgeDisk(disk, claims)).map((fault) => `before "${deed}": ${fault}`));
      if (faults.length >= mostFaults) return { states: states.size, moments: moments.length, faults };
    }
  }
  return { states: states.size, moments: moments.length, faults };
}

async function record({
  play,
  start = new Map(),
  claims: first = noClaims,
  through = (fs) => fs,
  collectsEarly = false,
  most = Number.POSITIVE_INFINITY,
}: CutOptions): Promise<readonly Moment[]> {
  const moments: Moment[] = [];
  let claims = first;
  const before = (deed: string): void => {
    moments.push({ deed, claims, disks: [...atMost(most, disk.afterCut())] });
  };
  const disk = createCrashDisk({ start, before });
  const claim: PlayOptions["claim"] = (next) => {
    claims = next(claims);
  };
  await play({ fs: through(disk.fs), claim, collectsEarly });
  before("the end");
  return moments;
}

function* atMost<Item>(most: number, items: Iterable<Item>): Generator<Item> {
  let count = 0;
  for (const item of items) {
    if (count >= most) return;
    count += 1;
    yield item;
  }
}

const digests = new WeakMap<Buffer, string>();

function digestOf(disk: DiskContent): string {
  const named = [...disk].map(([path, bytes]) => `${path} ${contentDigest(bytes)}`);
  return named.sort().join("\n");
}

function contentDigest(bytes: Buffer): string {
  const known = digests.get(bytes);
  if (known !== undefined) return known;
  const digest = createHash("sha256").update(bytes).digest("base64");
  digests.set(bytes, digest);
  return digest;
}

/** Claims are replaced when they change, so one is known by itself. */
const claimNumbers = new WeakMap<Claims, number>();
let lastClaim = 0;

function claimKey(claims: Claims): number {
  const known = claimNumbers.get(claims);
  if (known !== undefined) return known;
  lastClaim += 1;
  claimNumbers.set(claims, lastClaim);
  return lastClaim;
}
