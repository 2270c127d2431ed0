// The places of the panel: the wall, the choice of a person, and what one person and this voter said
// to each other. A place is named as `say` names a receiver. Pure.

/** The wall, as a place and as a receiver. */
export const EVERYONE = "";
/** The presenter and the admins, together one person. */
export const STAGE = "stage";
/** Where the voter looks for a person: no receiver, and no name that a person has. */
export const CHOOSING = "?";

/** Whether a place is one person's, the stage's too. */
export const isPerson = (place) => place !== EVERYONE && place !== CHOOSING;

/** With whom a direct message was exchanged. */
export const peerOf = ({ from, to }, me) => (from === me ? to : from);

/** What was said at a place, oldest first. */
export function saidAt({ wall, direct, you }, place) {
  if (place === EVERYONE) return wall.list;
  return direct.list.filter((message) => peerOf(message, you.person) === place);
}

/** With whom this voter has exchanged messages: {id, name, version} of the newest, newest first. */
export function threadsOf({ direct, you }) {
  const threads = new Map();
  for (const message of direct.list) {
    const id = peerOf(message, you.person);
    const name = message.from === id ? message.name : message.to_name;
    threads.delete(id);
    threads.set(id, { id, name: name ?? "", version: message.version });
  }
  return [...threads.values()].reverse();
}

/** A person as this page knows one: by the list, by a thread or by the wall. */
export function personAt(page, id) {
  const said = () => page.wall.list.findLast(({ from }) => from === id)?.name;
  return { id, name: page.people.names.get(id) ?? threadsOf(page).find((thread) => thread.id === id)?.name ?? said() ?? "" };
}

/** Whether this voter may write at a place now. */
export function mayWrite({ snapshot }, place) {
  if (snapshot.talk?.state !== "open" || place === CHOOSING) return false;
  return place === EVERYONE || place === STAGE || snapshot.talk.direct;
}

/** Where the panel opens: at a message to this voter that is unread, else where it was. */
export function callAt(page, isOpen) {
  if (!isOpen || page.isOpen) return page.place;
  const unread = threadsOf(page).find(({ id }) => isUnread(page, id));
  return unread ? unread.id : page.place;
}

const isUnread = (page, id) => saidAt(page, id).some(({ from, version }) => from === id && version > (page.read.direct[id] ?? 0));
