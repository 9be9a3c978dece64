/** A test whose answer nobody understands. */
process.once("message", () => process.send?.({ kind: "measured", agreement: "all" }));
