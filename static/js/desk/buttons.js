// The desk's buttons: which one is next, which make sense at all, and what each form says. The
// template draws the same before scripts run.

import { byId, setAttribute, setText } from "../page/dom.js";
import { fill } from "../page/words.js";

const part = (name) => document.querySelector(`[data-part="${name}"]`);

/** Where the question on stage stands in the list, and its neighbours there. */
function neighbours({ poll, polls }) {
  const place = polls.findIndex(({ id }) => id === poll.id);
  return { place, before: polls[place - 1], after: polls[place + 1] };
}

/** The next sensible action: what the one big button does. */
export function primaryOf(snapshot) {
  const { round, results } = snapshot;
  if (round.rehearsal) return "end";
  if (round.state === "none") return "open";
  if (round.state === "open") return "close";
  if (results === "hidden") return "reveal";
  return neighbours(snapshot).after ? "next" : "open";
}

/** Show the actions that make sense now, and keep in each form what the admin has seen. */
export function renderButtons(snapshot, words) {
  const { poll, round, results, version } = snapshot;
  const { place, before, after } = neighbours(snapshot);
  const primary = primaryOf(snapshot);
  const runs = round.state === "open" && round.closes_at !== null;
  const newest = snapshot.polls[place] ?? poll; // a new round begins as the newest text says
  const canOpen = round.state !== "open" && place >= 0;
  const tried = round.rehearsal === true; // nothing else is possible before its end
  const canRehearse = !runs && (round.state !== "open" || snapshot.ballots === 0);
  const shown = {
    end: tried,
    rehearse: !tried && canRehearse,
    "rehearse-later": !tried && !canRehearse,
    next: primary === "next",
    reveal: primary === "reveal",
    close: primary === "close",
    open: canOpen && primary === "open",
    again: canOpen && primary !== "open",
    reopen: round.state === "closed",
    reset: round.state === "open" && !tried,
    proposed: canOpen,
    lengths: round.state === "open" && !tried,
    three: round.state !== "none" && !tried,
    "three-later": round.state === "none",
    "pager-before": before !== undefined,
    "pager-after": after !== undefined,
  };
  for (const [name, isShown] of Object.entries(shown)) part(name).hidden = !isShown;

  setText(part("open").querySelector("button"), round.state === "none" ? words.open_first : words.open_next);
  byId("next-question").hidden = primary !== "next";
  setText(byId("next-question").querySelector("bdi"), after?.question ?? "");

  say("next", "poll", after?.id);
  say("pager-before", "poll", before?.id);
  say("pager-after", "poll", after?.id);
  say("open", "poll", poll.id);
  say("reset", "seconds", runs ? newest.countdown : "");
  say("reveal", "target", round.id);
  for (const input of part("three").querySelectorAll("[name=target]")) input.value = round.id;
  for (const input of document.querySelectorAll("input[name=round]")) input.value = round.id;
  for (const input of document.querySelectorAll("input[name=version]")) input.value = version;

  for (const form of part("three").children) {
    setAttribute(form.querySelector("button"), "aria-pressed", form.elements.results.value === results);
  }
  const isSeen = results === "after_vote" && round.state === "closed" ? "live" : results;
  setText(byId("sees-line"), words[`sees_${isSeen}`]);
  setText(byId("place"), place < 0 ? "" : fill(words.place, { n: place + 1, all: snapshot.polls.length }));
  document.querySelector(".pager").hidden = tried || snapshot.polls.length < 2;
}

/** Put a value into a form's field. */
function say(name, field, value) {
  part(name).elements[field].value = value ?? "";
}
