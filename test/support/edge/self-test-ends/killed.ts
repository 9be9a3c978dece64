/** A test that the system ends, as it does for want of memory. */
process.once("message", () => process.kill(process.pid, "SIGKILL"));
