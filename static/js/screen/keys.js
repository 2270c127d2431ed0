// The screen's keys, and the dialog that shows them, where each is a button as well.

import { byId } from "../page/dom.js";

const KEYS = {
  f: "full", q: "code", t: "theme", s: "sort", 3: "columns",
  "+": "larger", "=": "larger", "-": "smaller", "_": "smaller", "−": "smaller",
  m: "wall",
  o: "turn", r: "reset", v: "reveal", n: "next", x: "unlight", escape: "unlight",
  "?": "help", "？": "help",
};
const HELD = new Set(["larger", "smaller"]); // may go on while the key is held down

/** Which of the page's doings a key stands for; undefined when it is none, or not meant for us. */
function doingOf(event) {
  const { key, code, repeat, target, isComposing } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || isComposing) return undefined;
  if (target.closest?.("input:not([type=checkbox]), textarea, select")) return undefined;
  // Escape closes dialogs, and leaves the full screen: it is ours only where something else is to go.
  if (key === "Escape" && (document.body.dataset.spotlight !== "on" || document.querySelector("dialog[open]"))) return undefined;
  // On a keyboard of another script, the key counts that stands where the Latin letter would.
  const isForeign = /^\p{L}$/u.test(key) && !/[a-z]/i.test(key);
  const doing = KEYS[(isForeign ? code.replace("Key", "") : key).toLowerCase()];
  return repeat && !HELD.has(doing) ? undefined : doing;
}

/** Call `onDo(name)` for each key and each button; `areOn()` says whether keys are wanted at all. */
export function wireKeys(onDo, areOn) {
  const dialog = byId("keys");
  const help = () => (dialog.open ? dialog.close() : dialog.showModal());
  const act = (doing) => (doing === "help" ? help() : onDo(doing));

  document.addEventListener("keydown", (event) => {
    const doing = doingOf(event);
    if (doing === undefined || !areOn() || document.querySelector("dialog[open]:not(#keys)")) return;
    event.preventDefault();
    act(doing);
  });
  byId("keys-open").hidden = false;
  byId("keys-open").addEventListener("click", help);
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    if (button) act(button.dataset.do);
  });
  byId("keys-on").addEventListener("change", () => onDo("keys"));
}

/** Show or leave the full screen; `onRefused` is called where the browser has none. */
export function toggleFullScreen(onRefused) {
  const wanted = document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen?.();
  if (wanted === undefined) onRefused();
  else wanted.catch(onRefused);
}
