// The room's talk on the voter's page: loaded when the room talks, and not before. Owns only the
// loading; what is loaded is handed all that was told meanwhile.

const RETRY_MS = 5000;
const MOST_MISSED = 500;
const KINDS = ["talk", "direct", "people", "said", "unsaid"];

/** Returns {take(message), render(page)}; `parts` are handed to talk.js as they are. */
export function createTalk(parts) {
  const missed = [];
  let talk = null;
  let latest = null;
  let isLoading = false;

  async function load() {
    isLoading = true;
    try {
      const { openTalk } = await import("../talk.js");
      const opened = await openTalk(parts, latest);
      talk = opened;
      talk.render(latest);
      missed.splice(0).forEach(talk.take);
    } catch {
      // No network, for the moment.
      setTimeout(() => {
        isLoading = false;
        render(latest);
      }, RETRY_MS);
    }
  }

  function take(message) {
    if (!KINDS.includes(message.type)) return;
    if (talk) talk.take(message);
    else if (missed.length < MOST_MISSED) missed.push(message);
  }

  function render(page) {
    latest = page;
    if (talk) talk.render(page);
    else if (page.snapshot.talk && !isLoading) load();
  }

  return { take, render };
}
