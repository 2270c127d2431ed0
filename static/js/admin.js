// The admin's page: the newest snapshot, the actions that fit it, all questions and all rounds.

import { keepFocus, renderActions, wireActions } from "./actions.js";
import { renderBadge } from "./badge.js";
import { renderCandidates } from "./candidates.js";
import { createClock } from "./clock.js";
import { connect } from "./connection.js";
import { createCountdown } from "./countdown.js";
import { primaryOf, renderDesk } from "./desk.js";
import { byId, setText } from "./dom.js";
import { renderLengths, renderProposed } from "./lengths.js";
import { renderPolls, renderWaits } from "./polls.js";
import { renderCompare, renderRounds, renderUndo } from "./rounds.js";
import { createStore, newest } from "./store.js";
import { clock as timeOfDay, fill, readJson } from "./words.js";

const words = readJson("words");
const first = readJson("snapshot");
const clock = createClock(first.now);
const renderCountdown = createCountdown(byId("countdown"), clock);

const store = createStore({ snapshot: first, connection: { state: "connecting" } }, ({ snapshot, connection }) => {
  const { poll, round, online, voted, ballots } = snapshot;
  document.body.dataset.round = round.state;
  renderBadge(connection, words);
  setText(byId("question"), poll.question);
  document.title = `${words.admin} · ${poll.question}`;
  byId("rehearsal").hidden = !round.rehearsal;
  setText(byId("round-line"), fill(words[`round_${round.rehearsal ? "rehearsal" : round.state}`], { n: round.id }));
  setText(byId("round-since"), round.state === "open" ? fill(words.since, { time: timeOfDay(round.opened_at) }) : "");
  renderCountdown(round);
  byId("health").hidden = snapshot.recording !== false;
  for (const [id, n] of Object.entries({ online, voted, ballots })) setText(byId(id), n);
  renderCandidates(byId("candidates"), byId("candidate-row"), snapshot, words.earlier);
  keepFocus(() => {
    renderRounds(snapshot, words);
    renderUndo(snapshot, words);
    renderCompare(snapshot, words);
    renderPolls(snapshot, words);
    renderWaits(snapshot);
    renderProposed(snapshot, words);
    renderLengths(snapshot, words);
    renderDesk(snapshot, words); // last: it fills in the forms, new rows' too
    renderActions([poll.id, round.id, round.state, primaryOf(snapshot)].join(" "));
  });
});

connect({
  view: "admin",
  onMessage(message) {
    if ("now" in message) clock.heard(message.now, message.askedAt);
    store.change({ snapshot: newest(store.get().snapshot, message) });
  },
  onChange: (connection) => store.change({ connection }),
  onLogin: () => location.assign("/admin/login"),
});
wireActions(words, () => store.get().connection.state === "connected");
