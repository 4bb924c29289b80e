/**
 * The names that a mistyped query is nearest to, nearest first; none where no name is near.
 *
 * Near is a change in every third letter at most. Case does not count.
 */
export function closest(query: string, names: readonly string[], count: number): string[] {
  const wanted = query.toLowerCase();
  const most = Math.max(1, Math.floor(wanted.length / 3));
  const near: { name: string; distance: number }[] = [];
  for (const name of names) {
    const distance = editDistance(wanted, name.toLowerCase(), most);
    if (distance <= most) near.push({ name, distance });
  }
  // Sorting keeps the order of the names where two are as near.
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name);
}

/**
 * Letters to insert, leave out, exchange or swap with their neighbour until one text is the other (optimal string
 * alignment). Above `most` it is any number above `most`.
 */
export function editDistance(a: string, b: string, most = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const exchange = Number(a[row - 1] !== b[column - 1]);
      let cost = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + exchange);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2] + 1);
      current.push(cost);
      least = Math.min(least, cost);
    }
    // A swap reaches back two rows, by one: nothing below is nearer than this row's best.
    if (least > most) return most + 1;
    beforeLast = last;
    last = current;
  }
  return last[b.length];
}
