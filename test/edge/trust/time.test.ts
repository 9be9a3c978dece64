import { expect, test } from "vitest";
import { addFamily } from "#test/support/edge/family.ts";
import { simulateRepository } from "#test/support/edge/simulated-repository.ts";
import { trustingDevice } from "#test/support/edge/trusting-device.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const day = 86_400_000;
const today = Date.parse("2026-11-21T12:00:00Z");
const in2020 = Date.parse("2020-01-01T00:00:00Z");
const in2099 = Date.parse("2099-01-01T00:00:00Z");

function published(at = today) {
  const repo = simulateRepository({ now: at, lifeMs: 7 * day });
  const family = addFamily(repo);
  family.add(1);
  family.publish();
  return { repo, family };
}

const at = (ms: number) => ({ clock: createFakeClock({ startAt: ms }) });
const dated = (ms: number) => () => ({ date: new Date(ms).toUTCString() });

test("a clock in 2020 does not hide a freeze once the gateway has told the time", async () => {
  const { repo } = published();
  const device = await trustingDevice(repo, { ...at(in2020), askTime: async () => today + 8 * day });
  expect(await device.refresh()).toBe("repository_expired");
  expect(device.trust.clockTrusted()).toBe(false);
  expect(device.state.state.trust.trustedTimeMs).toBe(0);
});

test("a clock that fell back to 2020 does not hide a freeze: what was once proven stays", async () => {
  const { repo } = published();
  const device = await trustingDevice(repo, { ...at(today), askTime: async () => today + 6 * day });
  expect(await device.refresh()).toBe("held");
  const clock = createFakeClock({ startAt: in2020 });
  const fallen = await device.again({ clock, askTime: async () => undefined });
  expect(await fallen.refresh()).toBe("held");
  expect(fallen.trust.clockTrusted()).toBe(false);
  clock.advance(2 * day);
  expect(await fallen.refresh()).toBe("repository_expired");
});

test("when a list was signed is proof of the time, also without a gateway that tells it", async () => {
  const { repo, family } = published();
  repo.timestamp.signed_at = today;
  family.publish();
  const device = await trustingDevice(repo, at(in2020));
  expect(await device.refresh()).toBe("held");
  expect(device.state.state.trust.trustedTimeMs).toBe(today);
  expect(device.trust.now()).toBe(today);
});

test("a clock in 2099 does not keep good lists away where the gateway tells the time", async () => {
  const { repo } = published();
  const device = await trustingDevice(repo, { ...at(in2099), askTime: async () => today });
  expect(await device.refresh()).toBe("held");
  expect(device.trust.clockTrusted()).toBe(false);
  expect(device.trust.now()).toBe(today);
  expect(device.state.state.trust.trustedTimeMs).toBe(today);
});

test("a clock in 2099 makes updates rest where nobody tells the time, and what is known stays known", async () => {
  const { repo } = published();
  const device = await trustingDevice(repo, at(today));
  await device.refresh();
  const ahead = await device.again(at(in2099));
  expect(await ahead.refresh()).toBe("repository_expired");
  expect(ahead.trust.list()).toEqual(device.trust.list());
  expect(ahead.state.state.trust.trustedTimeMs).toBeLessThan(in2099);
});

test("a clock in 2099 whose gateway says that lists have expired makes updates rest", async () => {
  const { repo } = published();
  const device = await trustingDevice(repo, { ...at(in2099), askTime: async () => today + 8 * day });
  expect(await device.refresh()).toBe("repository_expired");
});

test("the gateway's date is believed over TLS", async () => {
  const { repo } = published();
  const origin = repo.origin({ overTls: true, headers: dated(today) });
  const device = await trustingDevice(repo, { ...at(in2099), origins: [origin] });
  expect(await device.refresh()).toBe("held");
  expect(device.trust.clockTrusted()).toBe(false);
  const late = repo.origin({ overTls: true, headers: dated(today + 8 * day) });
  const frozen = await trustingDevice(repo, { ...at(in2020), origins: [late] });
  expect(await frozen.refresh()).toBe("repository_expired");
});

test.each([
  ["without TLS", { overTls: false }, true],
  ["of a mirror", { overTls: true }, false],
] as const)("a date %s is not believed", async (_, shape, isGateway) => {
  const { repo } = published();
  const origin = { ...repo.origin({ ...shape, headers: dated(today) }), isGateway };
  const device = await trustingDevice(repo, { ...at(in2099), origins: [origin] });
  expect(await device.refresh()).toBe("repository_expired");
});

test.each(["no date at all", "99999999999999999999"])("a date such as %s is passed over", async (date) => {
  const { repo } = published();
  const origin = repo.origin({ overTls: true, headers: () => ({ date }) });
  const device = await trustingDevice(repo, { ...at(today), origins: [origin] });
  expect(await device.refresh()).toBe("held");
});

test("a gateway whose own clock was wrong by years does no harm that lasts", async () => {
  const { repo } = published();
  let told = in2099;
  const device = await trustingDevice(repo, { ...at(today), askTime: async () => told });
  expect(await device.refresh()).toBe("repository_expired");
  told = today;
  const again = await device.again();
  expect(await again.refresh()).toBe("held");
  expect(again.trust.clockTrusted()).toBe(true);
});

test("a timestamp that claims to be signed after its own end does no harm that lasts", async () => {
  const { repo, family } = published();
  repo.timestamp.signed_at = in2099;
  family.publish();
  const device = await trustingDevice(repo, at(today));
  expect(await device.refresh()).toBe("held");
  expect(device.state.state.trust.trustedTimeMs).toBe(today + 7 * day);
  repo.timestamp.signed_at = today;
  for (const list of repo.lists.values()) list.expires = repo.until(today + 14 * day);
  repo.publish("root");
  family.publish();
  expect(await (await device.again()).refresh()).toBe("held");
});

test("a time that cannot be asked is no reason to fail", async () => {
  const { repo } = published();
  const device = await trustingDevice(repo, {
    ...at(today),
    askTime: () => Promise.reject(new Error("away")),
  });
  expect(await device.refresh()).toBe("held");
});

test("the time is asked for when nothing is known of it, and not at each poll", async () => {
  const { repo } = published();
  let asked = 0;
  const askTime = async () => {
    asked += 1;
    return today;
  };
  const device = await trustingDevice(repo, { ...at(today), askTime });
  for (let poll = 0; poll < 3; poll += 1) expect(await device.refresh()).toBe("held");
  expect(asked).toBe(1);
});

test("an expired family rests like any expired list", async () => {
  const { repo, family } = published();
  family.list.expires = repo.until(today - day);
  family.publish();
  const device = await trustingDevice(repo, at(today));
  expect(await device.refresh()).toBe("repository_expired");
});
