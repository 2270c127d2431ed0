// The admin's page: one state, drawn anew at each change, and what its buttons post.

import { wireActions } from "./desk/actions.js";
import { renderDesk } from "./desk/desk.js";
import { wireAddresses } from "./desk/doorway.js";
import { wirePictures } from "./desk/files.js";
import { wireFolds } from "./desk/folds.js";
import { createHealth } from "./desk/health.js";
import { createOffers, offerAfter } from "./desk/undo.js";
import { createClock } from "./line/clock.js";
import { connect } from "./line/connection.js";
import { createStore, newest } from "./line/store.js";
import { createAnnouncer } from "./page/announce.js";
import { renderBadge } from "./page/badge.js";
import { createCountdown } from "./page/countdown.js";
import { byId } from "./page/dom.js";
import { watch } from "./page/watch.js";
import { readJson } from "./page/words.js";

const words = readJson("words");
const first = readJson("snapshot");
const clock = createClock(first.now);
const announce = createAnnouncer(byId("announcer"));
const renderCountdown = createCountdown(byId("countdown"), clock);
const renderHealth = createHealth(words, announce);

const start = { snapshot: first, connection: { state: "connecting" }, vitals: readJson("vitals"), offer: null };
const store = createStore(start, (page) => {
  renderBadge(page.connection, words);
  renderCountdown(page.snapshot.round);
  renderHealth(page);
  if (renderDesk(page, words, clock.now())) announce(byId("round-line").textContent);
});
const keepOffer = createOffers(store.change);

connect({
  view: "admin",
  onMessage(message) {
    if ("now" in message) clock.heard(message.now, message.askedAt);
    store.change({ snapshot: newest(store.get().snapshot, message) });
  },
  onChange(connection) {
    store.change({ connection });
    const isAnswered = connection.state === "connected" && byId("message").textContent === words.no_answer;
    if (isAnswered) tell("");
  },
  onLogin: () => location.assign("/admin/login"),
});
const tell = wireActions({
  words,
  announce,
  onPost() {
    keepOffer(null);
    return store.get().snapshot;
  },
  onDone(action, fields, before) {
    keepOffer(offerAfter(action, fields, before), before.version);
    if (store.get().connection.state !== "connected") location.reload();
  },
});
wirePictures(() => store.get().snapshot, words, (text) => tell(text, true));
wireFolds();
wireAddresses();
watch("/admin/vitals", (vitals) => store.change({ vitals }));
