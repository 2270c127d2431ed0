// The panel itself: open or shut, by its button, by Escape or by going back, and as high as a keyboard
// on the glass leaves room for. Beside it the vote stays in its place and can be tapped.

import { byId, setAttribute } from "../page/dom.js";

/** Returns {render(page), leave(), isOpen()}; `changed(isOpen)` is told. */
export function createPanel({ changed }) {
  const panel = byId("talk");
  const opener = byId("talk-open");
  let isOpen = false;
  let isAsked = false; // a person has opened it: the focus may go there

  const remembered = () => Boolean(history.state?.talk);

  function become(open) {
    if (open !== isOpen) changed(open);
  }

  function open() {
    isAsked = true;
    history.pushState({ talk: true }, "");
    become(true);
  }

  function close() {
    // Going back closes it, too: so closing it is going back.
    if (remembered()) history.back();
    else become(false);
  }

  /** There is nothing to show any more. */
  function leave() {
    if (remembered()) history.replaceState(null, "");
    become(false);
  }

  /** Leave to the panel what the glass shows of the page. */
  function fit({ target: { height, offsetTop, scale } }) {
    if (scale > 1.01) return; // somebody looks closer
    panel.style.setProperty("--seen", `${height}px`);
    panel.style.setProperty("--below", `${Math.max(0, innerHeight - height - offsetTop)}px`);
  }

  function render(page) {
    const isThere = Boolean(page.snapshot.talk);
    isOpen = page.isOpen;
    document.body.dataset.talk = isOpen ? "open" : "shut";
    setAttribute(opener, "aria-expanded", isOpen);
    if (panel.hidden === !isOpen) return;
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = !isOpen;
    if (isOpen && isAsked) startingPoint().focus({ preventScroll: true });
    if (hadFocus) (isThere ? opener : byId("question")).focus({ preventScroll: true });
    isAsked = false;
  }

  /** With a keyboard at hand the line to write in; on a phone it would raise one over the page. */
  function startingPoint() {
    const canType = matchMedia("(hover: hover)").matches && !byId("talk-write").hidden;
    return byId(canType ? "talk-text" : "talk-wall");
  }

  opener.addEventListener("click", () => (isOpen ? close() : open()));
  byId("talk-close").addEventListener("click", close);
  addEventListener("popstate", () => become(remembered()));
  document.addEventListener("keydown", ({ key, isComposing }) => {
    if (key === "Escape" && !isComposing && isOpen && !byId("details").open) close();
  });
  visualViewport?.addEventListener("resize", fit);
  visualViewport?.addEventListener("scroll", fit);
  return { render, leave, isOpen: remembered };
}
