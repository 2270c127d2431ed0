// How the lines to the phones and the disk are: one calm sentence, or what to do. _desk.html says
// the same before scripts run.

import { awaySentence } from "../page/badge.js";
import { byId, setText } from "../page/dom.js";
import { fill, fillCount, join } from "../page/words.js";

const SCARCE_BYTES = 500_000_000; // a hall votes for years in this; whatever else fills the disk is quicker
const place = document.querySelector(".health");

/** What the vitals come to, as {kind, say}; `kind` is calm, or what is the matter. */
function healthOf({ disk_free: free, slow, phones }, connection, words) {
  const away = awaySentence(connection, words);
  if (away !== null) return { kind: "away", say: away };
  if (free !== null && free < SCARCE_BYTES) return { kind: "disk", say: fill(words.disk_scarce, { n: Math.floor(free / 1e6) }) };
  if (slow > 0) return { kind: "slow", say: fillCount(words.slow, slow) };
  return { kind: "calm", say: phones ? fillCount(words.keep_up, phones) : words.no_phone };
}

/** Returns render({ vitals, snapshot, connection }); what is new and the matter is read out once. */
export function createHealth(words, announce) {
  const told = { kind: "calm", recording: true };

  return function renderHealth({ vitals, snapshot, connection }) {
    const { kind, say } = healthOf(vitals, connection, words);
    const shared = vitals.nodes > 1 && kind !== "away" && fillCount(words.nodes, vitals.nodes);
    const { disk_free: free, ...numbers } = vitals;
    const disk = free === null ? "–" : fill(words.gigabytes, { n: (free / 1e9).toFixed(1) });
    place.dataset.health = kind === "calm" ? "calm" : "warn";
    setText(byId("health-line"), join(say, shared));
    for (const cell of document.querySelectorAll("[data-vital]")) setText(cell, { ...numbers, disk }[cell.dataset.vital]);
    const recording = snapshot.recording !== false;
    byId("health").hidden = recording;
    if (kind !== told.kind && kind !== "calm") announce(say);
    if (!recording && told.recording) announce(byId("health").textContent);
    Object.assign(told, { kind, recording });
  };
}
