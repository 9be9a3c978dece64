import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";

/** A process for tests to kill: it opens the server of a folder, says so, and stays. */
const [folder = ""] = process.argv.slice(2);
const server = await openEmbeddedPostgres({ folder });
process.send?.({ pid: server.pid });
setInterval(() => {}, 60_000);
