// Who is here, as `people` messages tell, and who of them have one name. Pure.

/** A list of which nothing has been heard yet. */
export const NOBODY = { names: new Map(), more: null };

const order = new Intl.Collator(document.documentElement.lang);

/** Fold a `people` message into what is held: {names: Map of id to name, more}; null is not heard yet. */
export function foldPeople(held, { afresh, people, left, more }) {
  const names = new Map(afresh ? [] : held.names);
  for (const { id, name } of people) names.set(id, name);
  for (const id of left) names.delete(id);
  return { names, more };
}

/** Who is here, as [{id, name}], sorted by name. */
export function sorted({ names }) {
  return [...names].map(([id, name]) => ({ id, name })).sort((one, other) => order.compare(one.name, other.name));
}

/** Whether a name has a word in it, whatever its case and accents. */
export const isCalled = (name, word) => folded(name).includes(folded(word));

const folded = (name) => name.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase().trim();

/** Returns isTwin(id, name): whether a name does not say who it is, since nobody or several have it. */
export function twinsOf({ people, wall, direct }) {
  const owners = new Map();
  const add = (id, name) => {
    owners.set(name, owners.has(name) && owners.get(name) !== id ? null : id);
  };
  for (const [id, name] of people.names) add(id, name);
  for (const { from, name } of [...wall.list, ...direct.list]) add(from, name);
  return (id, name) => name === "" || (owners.has(name) && owners.get(name) !== id);
}
