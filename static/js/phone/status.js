// The voter's one line that always tells the truth: which of the page's states holds, and its words.

import { setAttribute, setText } from "../page/dom.js";
import { fill, join } from "../page/words.js";
import { countedOf, draftOf, hintOf, isSentOnce, isSettled, nameOf, takesSeveral } from "./selection.js";
import { absence, ballotLine, line, tapLine } from "./underway.js";

/** The line for a page state, as {status, say, more, receipt, check, isNews, passes}. */
export function statusOf(page, words) {
  if (page.connection.reason === "stopped") return line("refused", words.stopped);
  const counted = countedLine(page, words);
  const holds = ballotLine(page, words, counted) ?? tapLine(page, words, counted) ?? standing(page, words, counted);
  const hint = hintOf(page);
  if (!hint || isSettled(page)) return holds;
  const say = fill(words[`hint_${hint}`], { most: page.snapshot.poll.max_choices });
  return { ...holds, status: "hint", say, more: join(holds.say, holds.more) };
}

/**
 * Write the line; returns what of it is to be said aloud, null for what was said before: a vote on its
 * way is counted a moment later, and that is worth a word.
 */
export function renderStatus(element, { status, say, more, receipt = null, check = null, isNews = false, passes = false }) {
  element.dataset.status = status;
  element.toggleAttribute("data-news", isNews);
  setText(element.querySelector(".say"), say);
  setText(element.querySelector(".more"), more);
  renderReceipt(element.querySelector(".receipt"), receipt);
  const link = element.querySelector("a");
  link.hidden = check === null;
  setAttribute(link, "href", check);
  return passes ? null : join(say, more);
}

// A code that is broken at its hyphen looks like two.
function renderReceipt(element, receipt) {
  if (element.textContent === (receipt ? fill(receipt.sentence, receipt) : "")) return;
  const [before, after] = receipt ? receipt.sentence.split("{code}") : ["", ""];
  const code = Object.assign(document.createElement("span"), { className: "code", textContent: receipt?.code ?? "" });
  element.replaceChildren(before, code, after);
}

/** What the server holds of this voter's in the round on stage; null if nothing. */
function countedLine(page, words) {
  const { poll, round, results } = page.snapshot;
  const { code, ballots } = page.you;
  const choices = countedOf(page);
  if (choices.length === 0) return null;
  const about = absence(page.connection, words) ?? [mayChange(poll, words), results === "hidden" && words.later_hidden];
  if (poll.rule === "taps") {
    const say = fill(round.rehearsal ? words.taps_tried : words.taps_counted, { n: ballots });
    if (round.rehearsal) return { ...line("counted", say, ...about), still: say };
    return { ...line("counted", say, ...about), still: say, receipt: { sentence: words.taps_code, code } };
  }
  const name = nameOf(poll, choices, words);
  if (round.rehearsal) {
    const say = fill(words.tried, { name });
    return { ...line("counted", say, ...about), still: say };
  }
  const still = fill(words.refused_still, { name });
  return { ...line("counted", fill(words.counted, { name }), ...about), still, receipt: { sentence: words.counted_code, code } };
}

/** The line when nothing is on its way, and nothing has just been refused. */
function standing(page, words, counted) {
  const { snapshot, box, connection, open } = page;
  const { poll, round, results } = snapshot;
  if (round.state === "none") return line("none", words.none, words.none_more);
  if (!open) {
    const said = line("closed", words.closed, counted ? counted.say : words.closed_not_voted, results === "hidden" && words.later_hidden);
    const check = round.state === "closed" && results !== "hidden" ? `/rounds/${round.id}` : null;
    return { ...said, receipt: counted?.receipt, check };
  }
  if (counted) return counted;
  const away = absence(connection, words);
  if (away) return line("idle", ...away, words.idle_away_more);
  if (snapshot.recording === false) return line("idle", words.idle_unsaved, words.idle_unsaved_more);
  const draft = draftOf(page);
  if (draft?.length) return line("idle", fill(words.draft, { name: nameOf(poll, draft, words) }), words.draft_more);
  const news = box.notice && words[`notice_${box.notice.code}`];
  const invitation = invitationOf(poll, results, words);
  return { ...invitation, say: join(news && fill(news, box.notice), invitation.say), isNews: Boolean(news) };
}

/** The line of an open round before the first tap. */
export function invitationOf(poll, results, words) {
  const say = fill(words[`idle_${kindOf(poll)}`], { most: poll.max_choices });
  return line("idle", say, isSentOnce(poll) ? words.draft_more : mayChange(poll, words), words[`later_${results}`]);
}

function kindOf(poll) {
  return isSentOnce(poll) ? "several_once" : takesSeveral(poll) ? "several" : poll.rule === "taps" ? "taps" : "single";
}

function mayChange({ rule, changes }, words) {
  return rule === "taps" ? words.taps_more : changes ? words.may_change : words.may_not_change;
}
