// Whether somebody is at work in a list, so that no row may move: a finger or the mouse is on it, or
// was a moment ago; it is scrolled; the keyboard is in one of its rows.

const REST_MS = 4000;
const SCROLLED_PX = 8;

/** Returns {isHeld, letGo} for a list that scrolls; `changed()` is called when a hold may have ended. */
export function createHold(list, changed) {
  let touchedAt = -Infinity;
  let isUnderMouse = false;
  let timer;

  function touched() {
    touchedAt = performance.now();
    clearTimeout(timer);
    timer = setTimeout(changed, REST_MS);
  }

  function isHeld() {
    const held = document.activeElement;
    const isByKeyboard = held !== list && list.contains(held) && held.matches(":focus-visible");
    return isUnderMouse || isByKeyboard || list.scrollTop > SCROLLED_PX || performance.now() - touchedAt < REST_MS;
  }

  /** Go back to the top, whatever held the list: who asks for what is new is done with what was there. */
  function letGo() {
    touchedAt = -Infinity;
    list.scrollTop = 0;
  }

  for (const name of ["pointerdown", "touchmove"]) list.addEventListener(name, touched, { passive: true });
  for (const name of ["scroll", "focusout"]) list.addEventListener(name, changed, { passive: true });
  list.addEventListener("pointermove", ({ pointerType }) => (isUnderMouse ||= pointerType === "mouse"));
  list.addEventListener("pointerleave", () => {
    isUnderMouse = false;
    touched(); // the mouse may be on its way to what waits
  });
  return { isHeld, letGo };
}
