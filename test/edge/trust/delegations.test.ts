import { expect, test } from "vitest";
import { type Delegating, simulateRepository } from "#test/support/edge/simulated-repository.ts";
import { stepwiseClient } from "#test/support/edge/trusting-device.ts";

const to = (by: string, name: string, more: Partial<Delegating> = {}): Delegating => ({ by, name, ...more });

function repositoryWith(delegations: readonly Delegating[]) {
  const repo = simulateRepository();
  for (const each of delegations) repo.delegate(each);
  return repo;
}

function publishAll(repo: ReturnType<typeof simulateRepository>): void {
  const below = [...repo.lists.keys()].filter(
    (name) => !["root", "timestamp", "snapshot", "targets"].includes(name),
  );
  repo.publish(...below, "targets", "snapshot", "timestamp");
}

const py = { paths: ["*.py"] };
const graphs: readonly (readonly [string, readonly Delegating[], string])[] = [
  ["one role", [to("targets", "A")], "A"],
  ["two roles", [to("targets", "A"), to("targets", "B")], "AB"],
  ["a role below the second", [to("targets", "A"), to("targets", "B"), to("B", "C")], "ABC"],
  ["two below the first", [to("targets", "A"), to("targets", "B"), to("A", "C"), to("A", "D")], "ACDB"],
  ["three storeys", [to("targets", "A"), to("targets", "B"), to("A", "C"), to("C", "D")], "ACDB"],
  [
    "one that ends the search",
    [to("targets", "A"), to("targets", "B"), to("A", "C", { terminating: true }), to("A", "D")],
    "AC",
  ],
  [
    "one that ends the search but below it",
    [to("targets", "A"), to("targets", "B"), to("A", "C", { terminating: true }), to("C", "D")],
    "ACD",
  ],
  ["a branch that does not match", [to("targets", "A", py), to("targets", "B"), to("A", "C")], "B"],
  [
    "a twig that does not match",
    [to("targets", "A"), to("targets", "B"), to("A", "C", py), to("C", "D")],
    "AB",
  ],
  ["a circle", [to("targets", "A"), to("targets", "B"), to("B", "C"), to("C", "D"), to("D", "B")], "ABCD"],
  [
    "two that delegate to a third",
    [to("targets", "A"), to("targets", "B"), to("B", "C"), to("A", "C")],
    "ACB",
  ],
  [
    "two that delegate other paths to a third",
    [to("targets", "A"), to("targets", "B"), to("B", "C"), to("A", "C", py)],
    "ABC",
  ],
];

test.each(graphs)("delegated lists are walked depth first: %s", async (_, delegations, order) => {
  const repo = repositoryWith(delegations);
  publishAll(repo);
  expect(await stepwiseClient(repo).download("missing")).not.toBe("held");
  expect(repo.asked.slice(4)).toEqual([...order].map((name) => `1.${name}.json`));
});

const tree = [
  to("targets", "A", { paths: ["*.doc", "*.md", "foo-?.tgz"] }),
  to("targets", "B", { paths: ["releases/*/*"] }),
  to("B", "C", { paths: ["releases/x/*"] }),
  to("B", "D", { paths: ["releases/y/*.zip"] }),
];
const files: readonly (readonly [string, string])[] = [
  ["targets", "targetfile"],
  ["A", "README.md"],
  ["A", "releases/README.md"],
  ["A", "foo-1.tgz"],
  ["A", "foo-alpha.tgz"],
  ["C", "releases/x/x_v1"],
  ["D", "releases/y/y_v1.zip"],
  ["D", "releases/z/z_v1.zip"],
];

test.each([
  ["targetfile", true, ""],
  ["README.md", true, "A"],
  ["releases/x/x_v1", true, "BC"],
  ["releases/y/y_v1.zip", true, "BD"],
  ["releases/z/z_v1.zip", false, "B"],
  ["releases/README.md", false, ""],
  ["foo-1.tgz", true, "A"],
  ["foo-alpha.tgz", false, ""],
  ["README.MD", false, ""],
])("%s is found: %s, by way of [%s]", async (path, found, order) => {
  const repo = repositoryWith(tree);
  for (const [role, name] of files) repo.addFile(role, name, `content of ${name}`);
  publishAll(repo);
  const client = stepwiseClient(repo);
  expect(await client.download(path)).toBe(found ? "held" : "internal");
  expect(repo.asked.slice(4)).toEqual([...order].map((name) => `1.${name}.json`));
});

test("what one delegator vouched for is not thereby vouched for by another", async () => {
  const repo = repositoryWith([
    to("targets", "parent-a", { paths: ["team-a/*"] }),
    to("targets", "parent-b", { paths: ["team-b/*"] }),
    to("parent-a", "release", { paths: ["team-a/*"] }),
    to("parent-b", "release", { paths: ["team-b/*"] }),
  ]);
  repo.signers.get("release")?.pop();
  repo.addFile("release", "team-a/file", "good");
  repo.addFile("release", "team-b/file", "evil");
  publishAll(repo);
  const client = stepwiseClient(repo);
  expect(await client.download("team-a/file", "team-b/file")).toBe("repository_refused");
  expect(client.downloaded).toEqual(["team-a/file"]);
});

test("a delegated list that the snapshot does not name is not even asked for", async () => {
  const repo = repositoryWith([to("targets", "delegated", { paths: ["delegatedpath/*"] })]);
  repo.publish("delegated", "targets");
  delete repo.snapshot.meta["delegated.json"];
  repo.publish("snapshot", "timestamp");
  const client = stepwiseClient(repo);
  expect(await client.refresh()).toBe("held");
  repo.asked.length = 0;
  expect(await client.download("delegatedpath/foo")).not.toBe("held");
  expect(client.versions()).not.toHaveProperty("delegated");
  expect(repo.asked).toEqual(["2.root.json", "timestamp.json"]);
});
