// Which way a line takes: the best that speaks. It goes down to the next one where a way does not pass,
// and climbs back when it does. Never says why there is no line, nor opens a second one: it is handed
// what it needs, ways and patience, and knows nothing of pages.

import { LOGIN, UNFIT } from "./ends.js";

const SILENT_MS = 2000; // a way that says nothing for so long gets another one beside it
const CLIMB_MS = [15000, 30000, 60000, 120000, 240000];
const BURST_MS = 1000; // news within so long is one piece of news

/**
 * Returns open(view, ears), for a line over the best of `ways`. It has the face of a
 * transport, and `climb()`, to try the best way now. Ears have `onWay({name, tellsTime, isBest})` too: before the
 * first word, and whenever the line goes on over another way, where it begins anew. A way that has
 * not spoken after `patience` milliseconds leads nowhere.
 */
export function createLadder(ways, patience) {
  // Whether the best way has led to the server and was not left in silence. What is silent then is a
  // server that is busy, with two thousand phones that come back: it must not be asked twice by each.
  let isTrusted = false;

  return function open(view, { onWay, onMessage, onClose }) {
    const trials = new Map(); // rung → {way, since}: what has not spoken yet
    let line = null; // what has
    let rung = 0;
    let climbs = 0;
    let climbedAt = -Infinity;
    let timer; // until a way has been silent for too long, or the next climb

    function wait(milliseconds, then) {
      clearTimeout(timer);
      timer = setTimeout(then, milliseconds);
    }

    function tryOut(place) {
      if (place >= ways.length || trials.has(place)) return;
      const mine = ways[place].open(view, {
        onMessage(message) {
          if (trials.get(place)?.way === mine) settle(place, mine);
          if (line === mine) onMessage(message);
        },
        onClose(code, later) {
          if (line === mine) end(code, later);
          else if (trials.get(place)?.way === mine) failed(place, code, later);
        },
      });
      trials.set(place, { way: mine, since: performance.now() });
    }

    function giveUp(place) {
      trials.get(place)?.way.close();
      trials.delete(place);
    }

    /** The first word on a way makes it the line; a better one may still speak up. */
    function settle(place, way) {
      const before = line;
      const best = place > 0 && trials.get(0);
      trials.delete(place);
      for (const other of [...trials.keys()]) if (other > 0 || place === 0) giveUp(other);
      [line, rung] = [way, place];
      before?.close();
      isTrusted = place === 0;
      if (isTrusted) clearTimeout(timer);
      else if (best) wait(patience - (performance.now() - best.since), rest);
      else rest();
      onWay({ name: ways[place].name, tellsTime: ways[place].tellsTime, isBest: place === 0 });
    }

    function failed(place, code, later) {
      trials.delete(place);
      if (code === LOGIN) end(code);
      else if (line !== null) rest();
      else if (code === UNFIT && place + 1 < ways.length) tryOut(place + 1);
      else if (trials.size === 0) end(code, later);
    }

    /** Look at the best way again later. */
    function rest() {
      giveUp(0);
      const longest = CLIMB_MS[Math.min(climbs, CLIMB_MS.length - 1)];
      climbs += 1;
      wait(longest * (0.75 + 0.5 * Math.random()), tryBest);
    }

    function tryBest() {
      climbedAt = performance.now();
      tryOut(0);
      wait(patience, rest);
    }

    function climb() {
      if (line === null || rung === 0 || trials.has(0) || performance.now() - climbedAt < BURST_MS) return;
      climbs = 0;
      tryBest();
    }

    function leave() {
      clearTimeout(timer);
      const left = [...trials.keys()];
      left.forEach(giveUp);
      line?.close();
      line = null;
    }

    function end(code, later) {
      leave();
      onClose(code, later);
    }

    function close() {
      isTrusted = false;
      leave();
    }

    tryOut(0);
    if (!isTrusted) wait(SILENT_MS, () => tryOut(1));
    return { send: (message) => line !== null && line.send(message), climb, close };
  };
}
