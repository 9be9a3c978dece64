import { expect, test } from "vitest";
import { createTroubleTeller } from "#edge/sync/tell-trouble.ts";
import { createLog } from "#infra/runtime/log.ts";

test("why updates rest is logged once when it begins or becomes another trouble, and once when it is over", () => {
  const lines: string[] = [];
  const log = createLog({
    name: "edge",
    level: "info",
    destination: { write: (line) => void lines.push(line) },
  });
  const tell = createTroubleTeller(log);
  tell({ trouble: null });
  expect(lines).toEqual([]);
  for (const trouble of [
    ...["repository_unreachable: try 1", "repository_unreachable: try 2"],
    ...["device_revoked: it was lost", "device_revoked: it was lost"],
  ])
    tell({ trouble });
  tell({ trouble: null });
  tell({ trouble: null });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { msg: "updates rest", trouble: "repository_unreachable: try 1" },
    { msg: "updates rest", trouble: "device_revoked: it was lost" },
    { msg: "updates go on", after: "device_revoked" },
  ]);
  tell({ trouble: "repository_expired: since yesterday" });
  expect(lines).toHaveLength(4);
});
