import { expect, test } from "vitest";
import { readResourceId, regionName } from "#adapters/azure/resource-id.ts";

test.each([
  ["/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a", { resourceGroup: "g", name: "a" }],
  [
    "/subscriptions/s/resourcegroups/G/providers/microsoft.web/serverfarms/p",
    { resourceGroup: "G", name: "p" },
  ],
  [
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots/b",
    { resourceGroup: "g", name: "b" },
  ],
  ["/subscriptions/s/resourceGroups/g", undefined],
  ["sites/a", undefined],
  [undefined, undefined],
])("the resource %s is %o", (id, read) => {
  expect(readResourceId(id)).toEqual(read);
});

test("a region is written as configurations have it", () => {
  expect([regionName("West Europe"), regionName("swedencentral"), regionName(undefined)]).toEqual([
    "westeurope",
    "swedencentral",
    "",
  ]);
});
