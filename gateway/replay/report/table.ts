export type Column = { readonly name: string; readonly isNumber?: boolean };

/** Numbers stand at the right of their column, and nothing hangs over the last one. */
export function alignedTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ name }) => name), ...rows];
  const widths = columns.map((_, place) => Math.max(...all.map((row) => row[place]?.length ?? 0)));
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, place) => {
      const width = widths[place] ?? 0;
      return columns[place]?.isNumber ? cell.padStart(width) : cell.padEnd(width);
    });
    return cells.join("  ").trimEnd();
  };
  return all.map(line).join("\n");
}
