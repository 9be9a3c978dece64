import { TradewindError } from "#infra/runtime/errors.ts";

/** All that a list has on all of its pages, which may not go on for ever. */
export async function takePages<Item>(pages: AsyncIterable<Item>, most: number): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const item of pages) {
    items.push(item);
    if (items.length > most)
      throw new TradewindError("provider_answer_invalid", `Azure lists more than ${most}`);
  }
  return items;
}
