// The room's talk on the voter's page, once it is loaded: wires line, panel, wall, threads and what is
// on its way together; the parts know nothing of each other.

import { createStore } from "./line/store.js";
import { byId } from "./page/dom.js";
import { readJson } from "./page/words.js";
import { createChooser } from "./talk/chooser.js";
import { createComposer } from "./talk/composer.js";
import { createHearing } from "./talk/hearing.js";
import { createIntake } from "./talk/intake.js";
import { createListing } from "./talk/listing.js";
import { NOTHING_SAID } from "./talk/messages.js";
import { createOpener } from "./talk/opener.js";
import { createOutbox } from "./talk/outbox.js";
import { createPanel } from "./talk/panel.js";
import { bringParts } from "./talk/parts.js";
import { NOBODY } from "./talk/people.js";
import { EVERYONE, callAt } from "./talk/places.js";
import { createTelling } from "./talk/telling.js";
import { readBefore, readNow } from "./talk/unread.js";

/**
 * Bring the panel into the page. `line` sends, doubts, has the page's voice and its clock; `about`
 * is what the voter's page knows: {snapshot, you, connection}. Returns {take(message), render(about)}.
 */
export async function openTalk(line, about) {
  await bringParts();
  const words = readJson("talk-words");
  const { snapshot, you, connection } = about;
  const outbox = createOutbox({ ...line, changed: (box) => store.change({ box }) });
  const hearing = createHearing(line.send, () => store.change({}));
  const telling = createTelling(line.tell, words);
  const panel = createPanel({ changed: (isOpen) => store.change({ isOpen, place: callAt(store.get(), isOpen) }) });
  const go = (place) => store.change({ place });
  const composer = createComposer({ words, clock: line.clock, say: outbox.say });
  const parts = [
    createOpener(words),
    composer.render,
    panel.render,
    createChooser({ words, go, listed: (listed) => line.send({ type: "attend", listed }) }),
    createListing({ words, go, outbox, takeBack: composer.takeBack }),
    hearing.render,
  ];
  const read = readBefore(snapshot);
  const held = { wall: { ...NOTHING_SAID, epoch: read.epoch, version: read.wall }, isWhole: false, direct: NOTHING_SAID, people: NOBODY, place: EVERYONE, isOpen: panel.isOpen() };
  const store = createStore({ ...held, snapshot, you, connection, box: outbox.box(), read }, render);

  function render(page) {
    const seen = readNow(page);
    if (seen !== page.read) return store.change({ read: seen });
    if (page.isOpen && !page.snapshot.talk) return panel.leave();
    for (const part of parts) part(page);
  }

  document.addEventListener("visibilitychange", () => store.change({}));
  byId("talk-wall").addEventListener("click", () => go(EVERYONE));
  return {
    take: createIntake({ store, hearing, telling, outbox }),
    render({ snapshot, you, connection }) {
      store.change({ snapshot, you, connection });
      outbox.line(connection.state === "connected" && connection);
    },
  };
}
