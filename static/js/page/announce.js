// What a screen reader is told: one polite voice a page, which speaks at once after a silence and
// then at most every five seconds. What is new by then replaces what was not said yet.

const REST_MS = 5000;

/** Returns announce(text), which has it read out by the live region `element`. */
export function createAnnouncer(element) {
  let waiting = null;
  let timer = null;

  function speak() {
    timer = null;
    if (waiting === null) return;
    element.textContent = waiting;
    waiting = null;
    timer = setTimeout(speak, REST_MS);
  }

  return function announce(text) {
    if (text === (waiting ?? element.textContent)) return; // said, or about to be
    waiting = text;
    if (timer === null) speak();
  };
}
