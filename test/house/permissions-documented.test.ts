import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { permissionsOf } from "#adapters/controls.ts";
import type { Permissions } from "#adapters/permissions.ts";
import type { KindName } from "#adapters/registry.ts";
import { codeSpans } from "#test/support/markdown.ts";
import { root } from "#test/support/source-files.ts";

const adapters = join(root, "adapters");

/** As the code has them, by kind. */
async function permissionsOfKinds(): Promise<Readonly<Record<string, Permissions>>> {
  const kinds = readdirSync(adapters, { recursive: true, encoding: "utf8" })
    .filter((path) => /^[\w-]+\/permissions\.ts$/.test(path))
    .map((path) => path.slice(0, path.indexOf("/")) as KindName);
  const read = async (kind: KindName) => [kind, inOrder(await permissionsOf(kind))] as const;
  return Object.fromEntries(await Promise.all(kinds.map(read)));
}

/** As the table of a page has them. */
function permissionsTold(page: string): Readonly<Record<string, Permissions>> {
  const section = page.slice(page.indexOf("\n## Permissions\n")).split("\n## ")[1] ?? "";
  const rows = section.split("\n").filter((line) => /^\| `/.test(line));
  return Object.fromEntries(
    rows.map((row) => {
      const [, kind = "", gateway = "", fleet = ""] = row.split("|");
      return [codeSpans(kind).join(), inOrder({ gateway: codeSpans(gateway), fleet: codeSpans(fleet) })];
    }),
  );
}

function inOrder({ gateway, fleet }: Permissions): Permissions {
  return { gateway: gateway.toSorted(), fleet: fleet.toSorted() };
}

test("tells operators the permissions of each kind that its code asks for, and no others", async () => {
  const told = permissionsTold(readFileSync(join(root, "gateway/OPERATIONS.md"), "utf8"));
  const asked = await permissionsOfKinds();
  expect(Object.keys(asked).length).toBeGreaterThan(5);
  expect(told).toEqual(asked);
});

test("reads the permissions of a table by kind and by identity, and no other table", () => {
  const page = [
    "# A page",
    "## Permissions",
    "| kind | the gateway | beside those |",
    "|---|---|---|",
    "| `far` | `a:Read`, `b:Read` | `c:Write` where it has one |",
    "| `none` | none | none |",
    "",
    "## Other things",
    "| `near` | `d:Read` | none |",
  ].join("\n");
  expect(permissionsTold(page)).toEqual({
    far: { gateway: ["a:Read", "b:Read"], fleet: ["c:Write"] },
    none: { gateway: [], fleet: [] },
  });
});
