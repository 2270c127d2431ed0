// The presenter's page: the newest snapshot on the screen, and the keys. Without a server the picture
// stays.

import { createClock } from "./line/clock.js";
import { connect } from "./line/connection.js";
import { createStore, newest } from "./line/store.js";
import { createAnnouncer } from "./page/announce.js";
import { byId } from "./page/dom.js";
import { readJson } from "./page/words.js";
import { nextCode } from "./screen/invitation.js";
import { toggleFullScreen, wireKeys } from "./screen/keys.js";
import { changedLook, isCapped, rememberedLook } from "./screen/look.js";
import { createReport } from "./screen/report.js";
import { createScreen } from "./screen/screen.js";
import { createTeller } from "./screen/stage.js";
import { createSteering } from "./screen/steering.js";
import { keepAwake } from "./screen/wake.js";

const [words, first] = [readJson("words"), readJson("snapshot")];
const stage = document.body.dataset;
const clock = createClock(first.now);
const announce = createAnnouncer(byId("announcer"));
const [tell, report] = [createTeller(announce), createReport(announce, words)];
const steering = createSteering(words, tell);
const draw = createScreen(words, clock, () => store.change({}));

const beginning = { snapshot: first, connection: { state: "connecting" }, look: rememberedLook(stage.columns), chosenCode: null };
const store = createStore(beginning, (state) => {
  const line = draw(state);
  steering.render(state.snapshot);
  report(state.snapshot, line);
});

function act(name) {
  const { snapshot, look } = store.get();
  const changed = changedLook(look, name);
  if (changed) {
    store.change({ look: changed });
    return name === "larger" && isCapped(changed) ? tell(words.text_most) : undefined;
  }
  if (name === "code") return store.change({ chosenCode: nextCode(stage.code) });
  byId("keys").close(); // what comes of it is to be seen on the stage
  if (name === "full") toggleFullScreen(() => tell(words.no_full));
  else steering.run(name, snapshot);
}

wireKeys(act, () => store.get().look.keys);
addEventListener("resize", () => store.change({}));
keepAwake();
connect({
  view: "screen",
  onMessage(message) {
    if ("now" in message) clock.heard(message.now, message.askedAt);
    store.change({ snapshot: newest(store.get().snapshot, message) });
  },
  onChange(connection) {
    const isBack = connection.state === "connected" && store.get().connection.state !== "connecting";
    if (isBack && stage.chart === "plain") stage.chart = "retried"; // the rows stay until it is there
    store.change({ connection });
  },
  onLogin: () => location.assign("/login"),
});
