import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BackendProcess, startBackend } from "../../support/backend-process.ts";
import { writeModels } from "./models.ts";
import { maxBodyBytes } from "./odd-body.ts";

/** A live backend over small models of every kind, loaded by request. */
export async function openBackendUnderFire(): Promise<
  AsyncDisposable & { readonly backend: BackendProcess }
> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.adopt(await mkdtemp(join(tmpdir(), "protocol-soak-")), (path) =>
      rm(path, { recursive: true, force: true }),
    );
    await writeModels(folder);
    const control = ["--model-control", "explicit", "--load-model", "*"];
    const backend = stack.use(
      await startBackend(
        "--models",
        folder,
        ...control,
        "--workers",
        "1",
        "--max-body",
        `${maxBodyBytes / 1_048_576}MiB`,
      ),
    );
    return { backend, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
