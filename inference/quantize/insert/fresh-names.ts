/** Gives names that nothing in the graph has, near to the one that is wanted. */
export type FreshName = (wanted: string) => string;

export function freshNames(taken: ReadonlySet<string>): FreshName {
  const given = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let count = 2; taken.has(name) || given.has(name); count += 1) name = `${wanted}_${count}`;
    given.add(name);
    return name;
  };
}
