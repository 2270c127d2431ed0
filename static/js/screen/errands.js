// What the presenter's keys ask of the server, for the room as it is seen. Pure.

const ERRANDS = {
  // A second press takes the first one back: what was closed goes on, with its votes.
  turn: ({ round }) => [{ open: "close", closed: "reopen", none: "open" }[round.state], { seconds: "proposed" }],
  reset: ({ round }) => ["reset", { ask: 1, seconds: round.closes_at === null ? "" : "proposed" }],
  reveal: ({ round }) => ["show", { target: round.id, results: "live" }],
  next: () => ["next", { ask: 1 }],
  unlight: () => ["talk/spotlight", { message: "" }],
};

/** The action and its fields for one of turn, reset, reveal, next, unlight; null for anything else. */
export function errandFor(name, snapshot) {
  if (!Object.hasOwn(ERRANDS, name)) return null;
  const [action, fields] = ERRANDS[name](snapshot);
  return { name, action, fields: { round: snapshot.round.id, version: snapshot.version, ...fields } };
}

/** What a press must be about: if this changes, it was meant for what stood there before. */
export function aboutOf({ poll, round, results }) {
  return [poll.id, round.id, round.state, results].join(" ");
}
