// What the screen says around the picture: the question, the round, the figures, the sentence that
// an errand left, and which picture it shows.

import { awaySentence } from "../page/badge.js";
import { isComparing } from "../page/candidates.js";
import { byId, setText } from "../page/dom.js";
import { formOf } from "../page/words.js";

const SAID_MS = 12000; // a sentence for the presenter need not stay before the audience

export function renderStage(snapshot, words) {
  const { poll, round, counts, results, voted, online, ballots, room } = snapshot;
  const { dataset } = document.body;
  dataset.recording = snapshot.recording;
  dataset.round = round.state;
  byId("rehearsal").hidden = !round.rehearsal;
  // The code to join is the picture until there is another.
  dataset.stage = voted === 0 && !isComparing(snapshot) ? "join" : counts === null ? "hidden" : "chart";
  dataset.compared = isComparing(snapshot);
  document.title = poll.question;
  setText(byId("question"), poll.question);
  const later = counts === null ? [words[`later_${results}`]] : [];
  setText(byId("round-line"), [words[`round_${round.state}`], ...later].join(" · "));
  renderTurnout(document.querySelector(".turnout"), formOf(words.turnout, voted));
  const figures = { voted, online, ballots, room };
  for (const place of document.querySelectorAll("[data-figure]")) setText(place, figures[place.dataset.figure]);
}

/** Write the sentence of the turnout around its figures, which stay the same elements. */
function renderTurnout(line, sentence) {
  if (line.dataset.sentence === sentence) return;
  line.dataset.sentence = sentence;
  const figures = { voted: line.querySelector("[data-figure=voted]"), all: line.querySelector("[data-figure=room]") };
  line.replaceChildren(...sentence.split(/\{(voted|all)\}/).map((part, place) => (place % 2 ? figures[part] : part)));
}

/** The line's one sentence; null leaves it to the badge. */
export function sentenceOf(connection, { recording }, words) {
  if (connection.state === "connected") return recording === false ? words.unsaved : words.live;
  return awaySentence(connection, words);
}

/** Returns tell(text), which shows a sentence for a while and has it read out; "" takes it away. */
export function createTeller(announce) {
  const said = byId("said");
  let timer;
  return function tell(text) {
    clearTimeout(timer);
    setText(said, text);
    said.hidden = text === "";
    if (text === "") return;
    announce(text);
    timer = setTimeout(() => tell(""), SAID_MS);
  };
}
