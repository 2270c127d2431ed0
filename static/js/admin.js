// The admin's page: one state, drawn anew at each change, and what its buttons post.

import { wireActions } from "./desk/actions.js";
import { renderDesk } from "./desk/desk.js";
import { wireAddresses } from "./desk/doorway.js";
import { wirePictures } from "./desk/files.js";
import { wireFolds } from "./desk/folds.js";
import { createHealth } from "./desk/health.js";
import { createTalk } from "./desk/talk.js";
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
import { foldTalk, NOTHING_SAID } from "./talk/messages.js";

const words = readJson("words");
const first = readJson("snapshot");
const clock = createClock(first.now);
const announce = createAnnouncer(byId("announcer"));
const renderCountdown = createCountdown(byId("countdown"), clock);
const renderHealth = createHealth(words, announce);

const start = { snapshot: first, connection: { state: "connecting" }, vitals: readJson("vitals"), offer: null, heard: NOTHING_SAID };
const store = createStore(start, (page) => {
  renderBadge(page.connection, words);
  renderCountdown(page.snapshot.round);
  renderHealth(page);
  if (renderDesk(page, words, clock.now())) announce(byId("round-line").textContent);
  talk.render(page);
});
const keepOffer = createOffers(store.change);
const { tell, press } = wireActions({
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
const talk = createTalk({ words, announce, tell, press, clock, send: (message) => line.send(message), doubt: () => line.check() });
const line = connect({
  view: "admin",
  onMessage(message) {
    if ("now" in message) clock.heard(message.now, message.askedAt);
    const { snapshot, heard } = store.get();
    if (message.type === "talk") store.change({ heard: foldTalk(heard, message) });
    else if (message.type === "said" || message.type === "unsaid") talk.heard(message);
    else store.change({ snapshot: newest(snapshot, message) });
  },
  onChange(connection) {
    store.change({ connection });
    const isAnswered = connection.state === "connected" && byId("message").textContent === words.no_answer;
    if (isAnswered) tell("");
  },
  onLogin: () => location.assign("/admin/login"),
});
wirePictures(() => store.get().snapshot, words, (text) => tell(text, true));
wireFolds();
wireAddresses();
watch("/admin/vitals", (vitals) => store.change({ vitals }));
