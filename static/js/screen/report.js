// What a screen reader is told of the room: each change of the round at once, and now and then how
// the vote goes.

import { fill, fillCount } from "../page/words.js";

const NEWS_MS = 20000; // numbers that move all the time are told only so often

/** Returns report(snapshot, line), which speaks through `announce` when there is news; `line` says how
 * the connection is. */
export function createReport(announce, words) {
  let about = null;
  let told = ""; // the page itself says the first news
  let latest = null;
  let heard = null; // how the line was last
  let timer = null;

  function tell() {
    timer = null;
    const said = newsOf(latest, words);
    if (said === told) return;
    told = said;
    announce(said);
    timer = setTimeout(tell, NEWS_MS);
  }

  return function report(snapshot, line) {
    const { poll, round, results } = snapshot;
    if (heard !== null && line !== heard && line) announce(line);
    heard = line;
    const now = JSON.stringify([poll.question, round.id, round.state, results]);
    const [isFirst, isNew] = [about === null, about !== now];
    [about, latest] = [now, snapshot];
    if (isFirst) told = newsOf(snapshot, words);
    else if (isNew) {
      told = newsOf(snapshot, words);
      announce(fill(words.heard_round, { question: poll.question, round: words[`round_${round.state}`], news: told }));
    } else timer ??= setTimeout(tell, NEWS_MS);
  };
}

function newsOf({ poll, voted, room, counts }, words) {
  const turnout = fillCount(words.turnout, voted, { voted, all: room });
  const most = Math.max(0, ...Object.values(counts ?? {}));
  if (most === 0) return fill(words.heard_turnout, { turnout });
  const names = poll.candidates.filter(({ id }) => counts[id] === most).map(({ name }) => name);
  return fill(words.heard_leaders, { turnout, names: names.join(", "), n: most });
}
