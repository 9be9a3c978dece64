import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { shiftShare } from "#gateway/trials/shift-shares.ts";

const head = `# ours
models: { digits-s: { source: x }, digits-n: { source: x } }
providers:
  old: { kind: static, urls: [http://a] }   # the old one
  far: { kind: static, urls: [http://b] }
  new: { kind: static, urls: [http://c] }
`;
const file = { file: "t.yaml" };
const to = (share: number, more = {}) => ({ model: "digits-s", provider: "new", share, ...more });
const shift = (text: string, share: number, more = {}) => shiftShare(text, to(share, more), file);

const shadowed = `${head}routes:
  # who answers
  - models: [digits-s, digits-n]
    failover: [[old], [far]]  # in this order
    shadow: { provider: new, share: 10% } # looks on
    slo: 1s
`;

/** What is other in the second text, line by line. */
function changed(before: string, after: string): { readonly gone: string[]; readonly come: string[] } {
  const [one, other] = [before.split("\n"), after.split("\n")];
  return {
    gone: one.filter((line) => !other.includes(line)),
    come: other.filter((line) => !one.includes(line)),
  };
}

test("a shadow becomes a canary, and no other line of the configuration changes", () => {
  const { text, from, models, told } = shift(shadowed, 0.01);
  expect(changed(shadowed, text)).toEqual({
    gone: ["    shadow: { provider: new, share: 10% } # looks on"],
    come: ["    canary: { provider: new, share: 1% }"],
  });
  expect({ from, models }).toEqual({ from: { kind: "shadow" }, models: ["digits-s", "digits-n"] });
  expect(told).toBe("1% of digits-s, digits-n goes to new");
});

test("a canary's share changes where it stands, with the comment behind it", () => {
  const block = shift(shadowed, 0.01).text.replace(
    "canary: { provider: new, share: 1% }",
    "canary:\n      provider: new\n      share: 0.01 # little",
  );
  const { text, from } = shift(block, 0.1);
  expect(changed(block, text)).toEqual({
    gone: ["      share: 0.01 # little"],
    come: ["      share: 10% # little"],
  });
  expect(from).toEqual({ kind: "canary", share: 0.01 });
});

test.each([
  ["in one line", "failover: [[old], [far]]", "failover: [[new], [old], [far]]"],
  [
    "in lines",
    "failover:\n      - [old]\n      - [far]",
    "failover:\n      - [new]\n      - [old]\n      - [far]",
  ],
])(
  "at 100 % a provider is the first group, written %s, and whoever was that stands behind it",
  (_, before, after) => {
    const canary = shift(shadowed, 0.1).text.replace("failover: [[old], [far]]", before);
    const { text, told } = shift(canary, 1);
    expect(text).toContain(after);
    expect(text).not.toMatch(/canary/);
    expect(parseConfig(text, file).routes[0]?.failover.map(([one]) => one?.provider)).toEqual([
      "new",
      "old",
      "far",
    ]);
    expect(told).toMatch(/first group of digits-s, digits-n/);
  },
);

test("at 100 % of a route with as many groups as there may be, the last one makes room", () => {
  const names = Array.from({ length: 16 }, (_, n) => `p${n}`);
  const providers = Object.fromEntries(
    [...names, "new"].map((name) => [name, { kind: "static", urls: ["http://a"] }]),
  );
  const route = {
    models: ["digits-s"],
    failover: names.map((name) => [name]),
    canary: { provider: "new", share: "5%" },
  };
  const text = JSON.stringify({ models: { "digits-s": { source: "x" } }, providers, routes: [route] });
  const { failover } = parseConfig(shift(text, 1).text, file).routes[0] ?? {};
  expect(failover?.map(([one]) => one?.provider)).toEqual(["new", ...names.slice(0, 15)]);
});

test("at 0 % a provider leaves the trial, and the list of those to compare with", () => {
  const compared = shift(shadowed, 0.1).text.replace("slo: 1s", "agreement: { with: [old, new] }");
  const [route] = parseConfig(shift(compared, 0).text, file).routes;
  expect(route?.canary).toBe(undefined);
  expect(route?.agreement?.with).toEqual(["old"]);
  const alone = compared.replace("[old, new] }", "[new] }");
  expect(parseConfig(shift(alone, 0).text, file).routes[0]?.agreement?.with).toBe(undefined);
  expect(parseConfig(shift(shadowed, 0).text, file).routes[0]?.shadow).toBe(undefined);
});

test("a configuration written as JSON is shifted as well", () => {
  const json = JSON.stringify(
    { models: { "digits-s": { source: "x" } }, providers: { old: at("a"), new: at("b") }, routes: [plain] },
    undefined,
    2,
  );
  const [route] = parseConfig(shift(json, 0.1).text, file).routes;
  expect(route?.canary).toEqual({ provider: "new", share: 0.1 });
});

const at = (host: string) => ({ kind: "static", urls: [`http://${host}`] });
const plain = { models: ["digits-s"], failover: [["old"]] };

test("a file without a last line's end, and a route whose first key is its failover, are shifted as well", () => {
  const text = `${head}routes:\n  - failover: [[old]]\n    models: [digits-s]`;
  expect(parseConfig(shift(text, 0.1).text, file).routes[0]?.canary?.share).toBe(0.1);
  const last = `${head}routes:\n  - models: [digits-s]\n    failover: [[old]]`;
  expect(shift(last, 0.1).text).toBe(`${last}\n    canary: { provider: new, share: 10% }\n`);
});

test("shifting to where it stands already changes nothing", () => {
  const { text } = shift(shadowed, 0.1);
  expect(shift(text, 0.1).text).toBe(text);
});

test("there and back through every step leaves the configuration with one more group", () => {
  const steps = [0.01, 0.1, 0.5, 0.05];
  const last = steps.reduce((text, share) => shift(text, share).text, shadowed);
  expect(changed(shadowed, last).come).toEqual(["    canary: { provider: new, share: 5% }"]);
  expect(changed(shadowed, shift(last, 1).text).come).toEqual([
    "    failover: [[new], [old], [far]]  # in this order",
  ]);
});

test.each([
  ["an unknown model", { model: "cats" }, /no route has the model "cats"/],
  ["an unknown provider", { provider: "nobody" }, /provider "nobody" is not declared/],
  ["who answers already", { provider: "far" }, /"far" answers for digits-s, digits-n as a rule already/],
])("a shift of %s is refused", (_, more, words) => {
  expect(() => shift(shadowed, 0.1, more)).toThrow(words);
});

test("a second canary is refused, and so is taking away what nobody has", () => {
  const text = shadowed.replace("shadow: { provider: new", "canary: { provider: new");
  expect(() =>
    shift(text.replaceAll("far]", "old]").replace("[[old], [old]]", "[[old]]"), 0.1, { provider: "far" }),
  ).toThrow(/has the canary "new"/);
  expect(() => shift(shadowed.replace(", [far]", ""), 0, { provider: "far" })).toThrow(
    /neither a canary nor a shadow/,
  );
});

test("a configuration that is wrong already is refused with its problems", () => {
  expect(() => shift(`${shadowed}    slow: 1\n`, 0.1)).toThrow(/unknown key "slow"/);
});
