import { expect, test } from "vitest";
import { createCrashDisk } from "#test/support/edge/crash-disk.ts";
import { type Claims, noClaims } from "#test/support/edge/device-claims.ts";
import { createFullDisk, type FullDisk } from "#test/support/edge/full-disk.ts";
import { judgeDisk } from "#test/support/edge/judge-disk.ts";
import { model, type Player, playDevice } from "#test/support/edge/play-device.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";

const [first, second] = [smallRelease(1), smallRelease(2)];

type Device = {
  readonly player: Player;
  readonly disk: FullDisk;
  readonly judge: () => ReturnType<typeof judgeDisk>;
  readonly claims: () => Claims;
};

async function runningDevice(): Promise<Device> {
  const { fs, now } = createCrashDisk();
  const disk = createFullDisk(fs);
  let claims = noClaims;
  const claim = (next: (claims: Claims) => Claims): void => {
    claims = next(claims);
  };
  const player = await playDevice({ fs: disk.fs, claim });
  await player.enrol();
  await player.switchTrust(1);
  await player.update(first);
  return { player, disk, judge: () => judgeDisk(now(), claims), claims: () => claims };
}

const deeds: readonly (readonly [string, (player: Player) => Promise<void>])[] = [
  ["an update", (player) => player.update(second)],
  ["the end of a probation", (player) => player.hold()],
  ["new signed lists", (player) => player.switchTrust(2)],
  ["a new key", (player) => player.rotateKey("the second key")],
  ["a refused model", (player) => player.refuse(second)],
];

test.each(
  deeds.flatMap(([what, deed]) => (["ENOSPC", "EROFS"] as const).map((code) => [what, code, deed] as const)),
)(
  "%s that meets %s at any of its calls changes nothing that was, and holds once there is room",
  async (_, code, deed) => {
    const calls = await callsOf(deed);
    expect(calls).toBeGreaterThan(3);
    for (let at = 0; at < calls; at += 1) {
      const { player, disk, judge, claims } = await runningDevice();
      disk.fillAfter(at, code);
      await expect(deed(player)).rejects.toMatchObject({ code: "disk_full" });
      expect(player.state()).toBe(claims().state);
      expect(await judge()).toEqual([]);
      disk.makeRoom();
      await deed(player);
      expect(await judge()).toEqual([]);
    }
  },
);

test("a start on a disk that may only be read finds what the device runs", async () => {
  const { fs } = createCrashDisk();
  const disk = createFullDisk(fs);
  await (await playDevice({ fs: disk.fs, claim: () => undefined })).update(first);
  disk.fillAfter(0, "EROFS");
  const player = await playDevice({ fs: disk.fs, claim: () => undefined });
  expect(player.state().models[model]?.active?.release).toBe(1);
  expect(await player.boots()).toBe("active");
});

async function callsOf(deed: (player: Player) => Promise<void>): Promise<number> {
  const { player, disk } = await runningDevice();
  disk.fillAfter(Number.POSITIVE_INFINITY, "ENOSPC");
  await deed(player);
  return disk.calls();
}
