// The voter's one line that always tells the truth: which of its states holds, and in which words.

import { setText } from "./dom.js";
import { fill } from "./words.js";

// Chinese sentences follow each other without a space.
const GAP = document.documentElement.lang.startsWith("zh") ? "" : " ";

/** The line for a page state, as {status, say, more}. */
export function statusOf({ snapshot, you, box, connection }, words) {
  const line = (status, key, values, ...more) => ({
    status,
    say: fill(words[key], values),
    more: more.filter(Boolean).join(GAP),
  });
  const { poll, round } = snapshot;
  const mine = namesOf(you, snapshot);
  const code = mine && you.code ? fill(words.counted_code, { code: you.code }) : "";

  if (connection.stopped) return line("refused", "stopped");
  if (box.underway) {
    const { name } = box.next ?? box.underway;
    const { stage } = box.underway;
    // On the way to the first connection, "no connection" would be said too early.
    const key = stage === "waiting" && connection.state === "connecting" ? "sending" : stage;
    return line(stage, key, { name }, fill(words[`${key}_more`], { name }));
  }
  if (box.notice && box.notice.code !== "new_round" && box.notice.code !== "counted_before") {
    const still = mine && fill(words.refused_still, { name: mine });
    const again = round.state === "open" && words.refused_again;
    return line("refused", refusalKey(box.notice.code, words), box.notice, still || again);
  }
  if (round.state === "none") return line("none", "none", {}, words.none_more);
  if (round.state === "closed") {
    return line("closed", "closed", {}, mine ? fill(words.closed_voted, { name: mine }) : words.closed_not_voted, code);
  }
  if (mine) {
    return line("counted", "counted", { name: mine }, code, poll.changes ? words.counted_changes : words.idle_once);
  }
  if (connection.state === "reconnecting" || connection.state === "offline") {
    return line("idle", "idle_away", {}, words.idle_away_more);
  }
  if (snapshot.recording === false) return line("idle", "idle_unsaved", {}, words.idle_unsaved_more);
  if (box.notice?.code === "counted_before") return line("idle", "counted_before", box.notice, words.idle);
  const hint = poll.changes ? words.idle_changes : words.idle_once;
  return line("idle", box.notice ? "idle_new" : "idle", {}, hint);
}

/** Write the line; a screen reader hears it only when it differs. */
export function renderStatus(element, { status, say, more }) {
  element.dataset.status = status;
  setText(element.querySelector(".say"), say);
  setText(element.querySelector(".more"), more);
}

/** What this voter's counted ballot of the present round says, as names; "" without one. */
export function namesOf(you, { poll, round }) {
  if (you.round !== round.id || !you.choices) return "";
  return poll.candidates.filter(({ id }) => you.choices.includes(id)).map(({ name }) => name).join(", ");
}

function refusalKey(code, words) {
  return `refused_${code}` in words ? `refused_${code}` : "refused";
}
