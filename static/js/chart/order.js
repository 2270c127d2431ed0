// In which order candidates are shown: as on the ballot, or the leader first. Pure.

/** The ids of a poll's candidates as they stand on the ballot. */
export function ballotOrder({ candidates }) {
  return candidates.map(({ id }) => id);
}

/**
 * The same ids, the largest count first. Equal ones keep the place they have in `held`, the order
 * shown before: a tie moves nobody, so leaders that are level do not flicker.
 */
export function rankedOrder({ poll, counts }, held = []) {
  const order = ballotOrder(poll);
  if (counts === null) return order;
  const place = new Map(held.map((id, index) => [id, index]));
  // Whoever is new stands behind those who were there.
  const placeOf = (id) => place.get(id) ?? held.length;
  return order.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || placeOf(a) - placeOf(b));
}
