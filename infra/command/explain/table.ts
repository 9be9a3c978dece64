/** The columns of a table; numbers stand at their right. */
export type Head = readonly { readonly name: string; readonly isNumber?: boolean }[];

/** Rows under their head, with nothing behind the last column. */
export function table(head: Head, rows: readonly (readonly string[])[]): string {
  const all = [head.map(({ name }) => name), ...rows.map((row) => row.map(printable))];
  const widths = head.map((_, column) =>
    all.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return head[column]?.isNumber ? cell.padStart(width) : cell.padEnd(width);
    });
    return cells.join("  ").trimEnd();
  };
  return all.map(line).join("\n");
}

/** Names that somebody else chose do not move a terminal's cursor. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "?");
}
