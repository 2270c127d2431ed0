// What a screen reader is told: one polite voice a page, which speaks at once after a silence and
// then at most every five seconds. What is new by then replaces what was not said yet.

const REST_MS = 5000;
const SILENT = "\u00a0"; // makes the same sentence another text, or it would not be said again

/**
 * Returns announce(text), which has it read out by the live region `element`. In place of a text a
 * function may be given, which is asked for it when it is about to be said; "" says nothing.
 */
export function createAnnouncer(element) {
  let waiting = null;
  let timer = null;

  function speak() {
    timer = null;
    if (waiting === null) return;
    const text = typeof waiting === "function" ? waiting() : waiting;
    waiting = null;
    if (text === "") return;
    element.textContent = text === element.textContent ? text + SILENT : text;
    timer = setTimeout(speak, REST_MS);
  }

  return function announce(text) {
    waiting = text;
    if (timer === null) speak();
  };
}
