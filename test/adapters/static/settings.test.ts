import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { providerSchema } from "#adapters/registry.ts";
import { configProblems } from "#test/support/config-problems.ts";
import { fences } from "#test/support/markdown.ts";
import { root } from "#test/support/source-files.ts";

const rest = { path: "/predict", names: ["cat"], answer: { score: "s", class: "c", box: "b" } };
const secret = { env: "TOKEN" };

const problems = (more: object): string[] =>
  providerSchema
    .safeParse({ kind: "static", urls: ["http://a"], ...more })
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

test.each([
  {},
  { resolve: "dns", rediscover: "5s" },
  { bearer: secret },
  { sign: { secret: { file: "/run/secret" } } },
  { sign: { secret }, bearer: secret },
  { wire: "rest", rest },
  { wire: "rest", rest, bearer: secret, resolve: "dns" },
])("a list of addresses may have %j", (more) => {
  expect(problems(more)).toEqual([]);
});

test.each([
  [{ wire: "rest" }, "wire: expected rest beside it, which says how the server is asked"],
  [{ rest }, "rest: expected wire: rest beside it"],
  [{ wire: "rest", rest, sign: { secret } }, "sign: signed calls are for Tradewind's own backends"],
  [{ wire: "soap" }, "wire: Invalid option"],
  [{ resolve: "consul" }, "resolve: Invalid input"],
  [{ rediscover: "2h" }, "rediscover: expected a duration from 1ms to 1h"],
  [{ bearer: "abc" }, "bearer: Invalid input"],
  [{ bearer: { env: "lower" } }, "bearer.env: expected the name of a variable"],
  [{ revision: "candidate" }, ": Unrecognized key"],
])("%j is refused with what belongs there", (more, problem) => {
  expect(problems(more)).toEqual([expect.stringContaining(problem)]);
});

test("the example of a team's own HTTP reads as a configuration", async () => {
  const page = await readFile(join(root, "adapters/README.md"), "utf8");
  const examples = fences(page).filter(({ language }) => language === "yaml");
  expect(examples).toHaveLength(1);
  const rest = "models: { pets: { source: x } }\nroutes: [{ models: [pets], failover: [[team]] }]\n";
  expect(configProblems(`${rest}${examples[0]?.text}\n`)).toEqual([]);
});
