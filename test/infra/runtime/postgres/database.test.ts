import { expect, test } from "vitest";
import { openDatabase } from "#infra/runtime/postgres/database.ts";

test("an address that is no PostgreSQL address is refused without being repeated", async () => {
  for (const url of ["", "garbage", "mysql://me:hunter2@x/y"]) {
    const opening = openDatabase({ url });
    await expect(opening).rejects.toMatchObject({ code: "config_invalid" });
    await expect(opening).rejects.not.toThrow("hunter2");
  }
});
