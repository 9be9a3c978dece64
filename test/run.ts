import { providePrograms } from "./support/provide-programs.ts";
import { runVitest } from "./support/run-vitest.ts";
import { exitCodeOf, totalsLine } from "./support/test-totals.ts";

const given = process.argv.slice(2);
const provided = await providePrograms({
  mayInstall: !given.includes("--no-install"),
  say: (line) => console.error(`test: ${line}`),
});

if (provided) {
  const run = await runVitest(given.filter((argument) => argument !== "--no-install"));
  process.exitCode = exitCodeOf(run);
  if (run.code !== 0 && run.totals.failed === 0) {
    console.error(
      `test: no test failed, but vitest ended with ${run.code}: see above for coverage or stray errors`,
    );
  }
  console.log(totalsLine(run.totals));
} else {
  process.exitCode = 1;
}
