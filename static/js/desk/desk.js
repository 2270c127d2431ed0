// All of the desk that changes, each part by a module of its own.

import { renderCandidates } from "../page/candidates.js";
import { byId } from "../page/dom.js";
import { keepFocus, renderActions } from "./actions.js";
import { primaryOf, renderButtons } from "./buttons.js";
import { renderJoin } from "./doorway.js";
import { renderFiles } from "./files.js";
import { renderLengths, renderProposed } from "./lengths.js";
import { renderPolls, renderWaits } from "./polls.js";
import { renderCompare, renderRounds } from "./rounds.js";
import { renderStrip } from "./strip.js";
import { renderUndo } from "./undo.js";

/** Draw a state of the page; returns whether somebody else has changed what its buttons are about. */
export function renderDesk(page, words, now) {
  const { snapshot } = page;
  const { poll, round } = snapshot;
  renderStrip(snapshot, words);
  renderCandidates(byId("candidates"), byId("candidate-row"), snapshot, words.earlier);
  keepFocus(() => {
    renderRounds(snapshot, words);
    renderCompare(snapshot, words);
    renderPolls(snapshot, words);
    renderWaits(snapshot);
    renderProposed(snapshot, words);
    renderLengths(snapshot, words);
    renderFiles(snapshot);
    renderJoin(page);
    renderUndo(page, words, now);
    renderButtons(snapshot, words); // last: it fills in the forms, new rows' too
  });
  return renderActions([poll.id, round.id, round.state, primaryOf(snapshot), byId("nobody").hidden].join(" "));
}
