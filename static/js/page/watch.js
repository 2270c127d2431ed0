// A look at something small, again and again while somebody looks at the page. What cannot be
// reached is not told here: the badge says that the server is away.

const PERIOD_MS = 3000;

/** Ask `path` every few seconds, never while the page is hidden; returns look(), to ask at once. */
export function watch(path, onAnswer) {
  let timer;
  let asks = 0;

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    asks += 1;
    const mine = asks;
    try {
      const response = await fetch(path, { headers: { Accept: "application/json" } });
      const answer = response.ok ? await response.json() : null;
      if (answer !== null && mine === asks) onAnswer(answer);
    } catch {
      // Gone for the moment.
    }
    if (mine === asks) timer = setTimeout(look, PERIOD_MS);
  }

  document.addEventListener("visibilitychange", look);
  look();
  return look;
}
