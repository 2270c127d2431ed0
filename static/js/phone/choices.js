// The voter's rows: numbers as everywhere, and which row carries a vote, on its way or counted.

import { renderCandidates, rowOf } from "../page/candidates.js";
import { byId, setAttribute, setText } from "../page/dom.js";
import { fill, fillCount } from "../page/words.js";
import { chosenOf, countedOf, draftOf, isSentOnce, isSettled, onItsWay, takesSeveral } from "./selection.js";

const list = byId("candidates");
const template = byId("candidate-row");
let shown = ""; // the poll that was rendered last

/** Show the page's state in the rows; `tap(id)` is what a tap on one does. */
export function renderChoices(page, words, tap) {
  const { poll, round, voted, online, room } = page.snapshot;
  // Another question begins at its beginning, wherever thumb or keyboard had come to: the row that
  // has the focus would otherwise answer something else now.
  if (shown !== "" && shown !== poll.id) {
    scrollTo(0, 0);
    if (list.contains(document.activeElement)) byId("question").focus();
  }
  shown = poll.id;
  byId("rehearsal").hidden = !round.rehearsal;
  setText(byId("question"), poll.question);
  document.title = poll.question;
  const nobody = round.state === "none" || room === 0;
  setText(byId("turnout"), nobody ? fill(words.here, { n: online }) : fillCount(words.turnout, voted, { voted, all: room }));
  renderCandidates(list, template, page.snapshot, words.earlier);

  const chosen = chosenOf(page);
  const settled = isSettled(page);
  byId("chosen").hidden = !takesSeveral(poll);
  setText(byId("chosen"), fill(words.chosen, { n: chosen.length, most: poll.max_choices }));
  byId("send").hidden = !isSentOnce(poll) || settled;
  setAttribute(byId("send"), "aria-disabled", chosen.length === 0 ? "true" : null);

  const isPressed = (id) => chosen.includes(id);
  const look = poll.rule === "taps" ? tapLook(page, words) : choiceLook(page, words, isPressed);
  for (const { id } of poll.candidates) {
    const row = rowOf(list, id);
    const { vote, mark } = look(id);
    setAttribute(row, "aria-pressed", poll.rule === "taps" ? null : isPressed(id));
    setAttribute(row, "aria-disabled", settled ? "true" : null);
    setAttribute(row, "data-vote", vote);
    setText(row.querySelector(".mark"), mark);
    // The one choice again changes nothing, so it is not sent again.
    const isSame = poll.rule !== "taps" && !takesSeveral(poll) && isPressed(id);
    row.onclick = settled || isSame ? null : () => tap(id);
  }
}

/** One ballot: each row that it names says how far it is. */
function choiceLook(page, words, isPressed) {
  const stage = draftOf(page) ? "draft" : (onItsWay(page) && page.box.underway.stage) ?? "counted";
  const look = { vote: stage, mark: words[`mark_${stage}`] };
  // What is held up may stay so for long, and until then the choice before it counts.
  const before = stage === "waiting" || stage === "retrying" ? countedOf(page) : [];
  const still = { vote: "still", mark: words.mark_still };
  return (id) => (isPressed(id) ? look : before.includes(id) ? still : { vote: null, mark: "" });
}

/**
 * Many ballots: each row says how many of them are this voter's. The server tells their sum alone,
 * so where taps of another tab are in it, a row gives no number.
 */
function tapLook(page, words) {
  const { snapshot, you, taps } = page;
  const { epoch, round } = snapshot;
  const { mine } = taps;
  const isHere = mine.epoch === epoch && mine.round === round.id;
  const counts = isHere ? mine.counts : {};
  const isWhole = Object.values(counts).reduce((sum, n) => sum + n, 0) >= you.ballots;
  return (id) => {
    const pending = taps.queue.filter((entry) => entry.round === round.id && entry.choice === id).length;
    const counted = counts[id] ?? Number(countedOf(page).includes(id));
    if (pending + counted === 0) return { vote: null, mark: "" };
    const number = isWhole && counted ? fill(words.mark_taps_number, { n: counted }) : words.mark_taps;
    return { vote: pending ? taps.stage : "counted", mark: pending ? `${number} + ${pending}` : number };
  };
}
