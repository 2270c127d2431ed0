// The admin's page: the newest snapshot, the actions that fit it, and all rounds.

import { renderActions, wireActions } from "./actions.js";
import { renderBadge } from "./badge.js";
import { renderCandidates } from "./candidates.js";
import { connect } from "./connection.js";
import { byId, setText } from "./dom.js";
import { renderRounds, renderUndo } from "./rounds.js";
import { createStore, newest } from "./store.js";
import { clock, fill, readJson } from "./words.js";

const words = readJson("words");

const store = createStore({ snapshot: readJson("snapshot"), connection: { state: "connecting" } }, ({ snapshot, connection }) => {
  const { poll, round, online, voted, ballots } = snapshot;
  document.body.dataset.round = round.state;
  renderBadge(connection, words);
  setText(byId("question"), poll.question);
  setText(byId("round-line"), fill(words[`round_${round.state}`], { n: round.id }));
  setText(byId("round-since"), round.state === "open" ? fill(words.since, { time: clock(round.opened_at) }) : "");
  byId("health").hidden = snapshot.recording !== false;
  for (const [id, n] of Object.entries({ online, voted, ballots })) setText(byId(id), n);
  renderCandidates(byId("candidates"), byId("candidate-row"), snapshot);
  renderRounds(snapshot, words);
  renderUndo(snapshot, words);
  renderActions(snapshot, words); // last: it fills in the forms, new rows' too
});

connect({
  view: "admin",
  onMessage: (message) => store.change({ snapshot: newest(store.get().snapshot, message) }),
  onChange: (connection) => store.change({ connection }),
  onLogin: () => location.assign("/admin/login"),
});
wireActions(words, () => store.get().connection.state === "connected");
