import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { withCandidate, withoutCandidate } from "#gateway/operations/rollouts/candidate-in-config.ts";
import { fleetText } from "#test/support/rollout-world.ts";

const file = { file: "t.yaml" };
const give = (text: string, share: number, provider = "far") =>
  withCandidate(text, { provider, share }, file);
const take = (text: string, provider = "far") => withoutCandidate(text, { provider }, file);

test("a candidate is the provider with another revision and a share of its routes, and no other line changes", () => {
  const { text, models } = give(fleetText, 0.1);
  const before = new Set(fleetText.split("\n"));
  expect(text.split("\n").filter((line) => !before.has(line))).toEqual([
    expect.stringMatching(/^ {2}far-candidate: \{"kind":"cloud-run",.*"revision":"candidate"\}$/),
    "    canary: { provider: far-candidate, share: 10% }",
  ]);
  const { providers, routes } = parseConfig(text, file);
  expect(providers["far-candidate"]).toEqual({ ...providers.far, revision: "candidate" });
  expect(routes[0]?.canary).toEqual({ provider: "far-candidate", share: 0.1 });
  expect(models).toEqual(["digits", "letters"]);
});

test("there and back through every share leaves the text as it was, byte for byte", () => {
  const last = [0.01, 0.1, 0.5].reduce((text, share) => give(text, share).text, fleetText);
  expect(take(last).text).toBe(fleetText);
});

test("asked again, neither changes anything", () => {
  const { text } = give(fleetText, 0.1);
  expect(give(text, 0.1)).toEqual({ text, models: [] });
  expect(take(fleetText)).toEqual({ text: fleetText, models: [] });
});

test("a provider of several routes is tried in each of them", () => {
  const more = fleetText.replace("fleet:", "  - { models: [cats], failover: [[far]] }\nfleet:");
  const two = more.replace("letters: { source: y }", "letters: { source: y }, cats: { source: z }");
  const { text, models } = give(two, 0.5);
  const canaries = parseConfig(text, file).routes.map(({ canary }) => canary?.provider);
  expect(canaries).toEqual(["far-candidate", "far-candidate"]);
  expect(models).toEqual(["digits", "letters", "cats"]);
  expect(parseConfig(take(text).text, file)).toEqual(parseConfig(two, file));
});

const plainNear = {
  kind: "cloud-run",
  project: "p-1",
  region: "europe-west4",
  service: "near",
  usdPerHour: 1,
};

/** The same fleet as a program would write it. */
const plain = {
  models: { digits: { source: "x" }, letters: { source: "y" } },
  providers: { near: plainNear, far: { ...plainNear, region: "us-central1", service: "far" } },
  routes: [{ models: ["digits", "letters"], failover: [["near"], ["far"]] }],
};

test.each([
  ["as JSON", () => JSON.stringify(plain, undefined, 2)],
  ["in one line", () => JSON.stringify(plain)],
  ["without a last line's end", (text: string) => text.trimEnd()],
  ["with Windows' line ends", (text: string) => text.replaceAll("\n", "\r\n")],
])("a configuration that is written %s is changed as well", (_, write) => {
  const written = write(fleetText);
  const { text } = give(written, 0.1);
  expect(parseConfig(text, file).routes[0]?.canary?.share).toBe(0.1);
  expect(parseConfig(take(text).text, file)).toEqual(parseConfig(written, file));
});

test("a name that is declared as something else is refused, and so is an unknown provider", () => {
  const taken = fleetText.replace("  old:", "  far-candidate: { kind: static, urls: [http://a] }\n  old:");
  expect(() => give(taken, 0.1)).toThrow(/"far-candidate" is declared already, and is not what "far" is/);
  expect(() => give(fleetText, 0.1, "nobody")).toThrow(/"nobody" is not declared/);
});

const tracedFar = "region: us-central1   # cheap";
const movedFar = "region: us-east4   # cheaper";

test("a provider that was changed meanwhile takes its candidate with it at the next share, and leaves no trace either", () => {
  const { text } = give(fleetText, 0.1);
  const changed = text.replace(tracedFar, movedFar).replace("usdPerHour: 0.8", "usdPerHour: 0.7");
  const next = give(changed, 0.5).text;
  const { providers, routes } = parseConfig(next, file);
  expect(providers["far-candidate"]).toEqual({ ...providers.far, revision: "candidate" });
  expect(providers["far-candidate"]).toMatchObject({ region: "us-east4", usdPerHour: 0.7 });
  expect(routes[0]?.canary?.share).toBe(0.5);
  expect(give(next, 0.5).text).toBe(next);
  const edited = fleetText.replace(tracedFar, movedFar).replace("usdPerHour: 0.8", "usdPerHour: 0.7");
  expect(take(next).text).toBe(edited);
});

test("where a configuration is written as programs write it the candidate follows as well", () => {
  const { text } = give(JSON.stringify(plain), 0.1);
  const changed = text.replace("us-central1", "us-east4");
  const { providers } = parseConfig(give(changed, 0.5).text, file);
  expect(providers["far-candidate"]).toEqual({ ...providers.far, revision: "candidate" });
});

test("a drill of the provider changes nothing of its candidate, whenever it begins and ends", () => {
  const drilled = (text: string) =>
    text.replace("    service: far\n", "    service: far\n    refuseUntil: 2026-11-21T20:15:00Z\n");
  const during = give(drilled(give(fleetText, 0.1).text), 0.5).text;
  expect(during).toBe(drilled(give(fleetText, 0.5).text));
  const begun = give(drilled(fleetText), 0.1).text;
  expect(parseConfig(begun, file).providers["far-candidate"]).not.toHaveProperty("refuseUntil");
  expect(give(begun.replace(/ {4}refuseUntil.*\n/, ""), 0.1).text).toBe(give(fleetText, 0.1).text);
});

test("a candidate of another kind than its provider is somebody else's", () => {
  const { text } = give(fleetText, 0.1);
  const other = text.replace(
    / {2}far-candidate: .*\n/,
    "  far-candidate: { kind: ecs, cluster: c, region: eu-west-1, service: s, revision: candidate }\n",
  );
  expect(() => give(other, 0.5)).toThrow(/is declared already, and is not what "far" is/);
});

test("a candidate that a person let answer as a rule is for a person to take out", () => {
  const { text } = give(fleetText, 0.1);
  const answering = text
    .replace(/ {4}canary: .*\n/, "")
    .replace("failover: [[near]", "failover: [[far-candidate], [near]");
  expect(() => take(answering)).toThrow(/only a person can change/);
});

test("a configuration that is wrong already is refused with what is wrong in it", () => {
  expect(() => give(`${fleetText}more: 1\n`, 0.1)).toThrow(/unknown key "more"/);
});
