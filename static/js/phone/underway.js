// The lines for what is on its way to the server, and for what the server has just refused.

import { fill, join } from "../page/words.js";

/** A line: what kind it is, what it says first, and what it adds. */
export const line = (status, say, ...more) => ({ status, say, more: join(...more) });

/** Why there is no line to the server, as two sentences; null if there is one, or soon. */
export function absence({ state, reason }, words) {
  return state === "reconnecting" || state === "offline" ? [words[`away_${reason}`], words[`away_${reason}_more`]] : null;
}

/** The line of a ballot under way or just refused, or null; `counted` is the line of what counts. */
export function ballotLine({ box, connection, open }, words, counted) {
  if (box.underway) {
    const { name } = box.next ?? box.underway;
    const key = stageOf(box.underway, connection);
    const [away, cure] = absence(connection, words) ?? [];
    const say = key === "waiting" ? away : fill(words[key], { name });
    const said = line(box.underway.stage, say, fill(words[`${key}_more`], { name }), counted ? counted.still : cure);
    return { ...said, passes: key === "sending" };
  }
  const { notice } = box;
  if (notice === null || `notice_${notice.code}` in words) return null;
  const say = fill(words[`refused_${notice.code}`] ?? words.refused, notice);
  return line("refused", say, counted ? counted.still : open && words.refused_again);
}

/** The same for taps. While they go well, what counts stays the first thing said. */
export function tapLine({ taps, connection }, words, counted) {
  const { queue, stage, notice } = taps;
  const n = queue.length;
  if (n > 0) {
    const key = stageOf(taps, connection);
    const going = join(notice?.code === "full" && fill(words.taps_full, notice), fill(words[`taps_${key}`], { n }));
    const [away] = absence(connection, words) ?? [words[key]];
    if (key !== "sending") return line(stage, away, going, counted?.still);
    return counted ? { ...counted, more: going } : line(stage, words.taps_first, going);
  }
  if (notice === null || notice.code === "full") return null;
  return line("refused", fill(words.taps_refused, notice), words[`taps_refused_${notice.code}`], counted?.still);
}

/** On the way to a connection, "no connection" would be said too early, or too late. */
function stageOf({ stage }, connection) {
  return stage === "waiting" && absence(connection, {}) === null ? "sending" : stage;
}
