/** Numbers that become more one by one, eight bytes each. */
export type Column = {
  readonly add: (value: number) => void;
  readonly shift: (index: number, by: number) => void;
  readonly count: () => number;
  readonly values: () => Float64Array;
};

export function createColumn(): Column {
  let values = new Float64Array(1024);
  let count = 0;
  return {
    add: (value) => {
      if (count === values.length) {
        const wider = new Float64Array(count * 2);
        wider.set(values);
        values = wider;
      }
      values[count] = value;
      count++;
    },
    shift: (index, by) => {
      values[index] = (values[index] ?? 0) + by;
    },
    count: () => count,
    values: () => values.subarray(0, count),
  };
}
