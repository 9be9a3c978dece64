import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Closable } from "./held-version.ts";
import { Repository, type RepositoryOptions } from "./model-repository.ts";

/**
 * Opens a repository with the models that it is to start with. Where one of them cannot be loaded the start fails,
 * unless the source is polled: there a person can mend it meanwhile, and the process is unready until then.
 */
export async function openRepository<Loaded extends Closable>(
  options: RepositoryOptions<Loaded>,
): Promise<Repository<Loaded>> {
  const repository = new Repository(options);
  try {
    const failures = await repository.start();
    if (failures.length > 0 && options.control.mode !== "poll") throw together(failures);
    return repository;
  } catch (error) {
    await repository.close();
    throw error;
  }
}

function together(failures: readonly unknown[]): TradewindError {
  const errors = failures.map(asTradewindError);
  const [first] = errors;
  if (first && errors.length === 1) return first;
  const message = errors.map((error) => error.message).join("\n");
  return new TradewindError(first?.code ?? "internal", message, { cause: new AggregateError(errors) });
}
