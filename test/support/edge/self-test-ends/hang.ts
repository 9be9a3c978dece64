/** A test that never answers. */
process.once("message", () => setInterval(() => {}, 1_000));
