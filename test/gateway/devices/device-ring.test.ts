import { expect, test } from "vitest";
import { openEdgeDoor } from "#test/support/edge-door.ts";

test.each([
  ["GET", "/edge/v1/plan?nonce=0123456789abcdef"],
  ["HEAD", "/edge/v1/plan?nonce=0123456789abcdef"],
  ["POST", "/edge/v1/report"],
  ["POST", "/edge/v1/keys"],
  ["GET", "/edge/v1/repository/metadata/timestamp.json"],
  ["HEAD", "/edge/v1/repository/metadata/timestamp.json"],
  ["GET", "/edge/v1/repository/../repository/metadata/timestamp.json"],
  ["GET", "/edge/v1/%72epository/metadata/timestamp.json"],
])("nobody is let in without a proof by %s %s", async (method, path) => {
  const { send } = openEdgeDoor({});
  const response = await send(path, { method });
  expect(response.status).toBe(401);
  expect(response.headers.get("tradewind-edge")).toBe("1");
});
