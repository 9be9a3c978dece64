import { expect, test } from "vitest";
import { fetchImage } from "#gateway/bodies/fetch-image.ts";

test("a name that no DNS knows is unreachable, as soon as DNS says so or the time is over", async () => {
  const signal = new AbortController().signal;
  const fetching = fetchImage("https://nowhere.invalid/a.jpg", { signal, maxBytes: 10, timeoutMs: 1_000 });
  await expect(fetching).rejects.toThrow(expect.objectContaining({ code: "url_unreachable" }));
});
