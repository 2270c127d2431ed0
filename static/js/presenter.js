// The presenter's page: the newest snapshot on the screen, and the keys. Without a server the picture
// stays.

import { createClock } from "./line/clock.js";
import { connect } from "./line/connection.js";
import { createStore, newest } from "./line/store.js";
import { createAnnouncer } from "./page/announce.js";
import { byId } from "./page/dom.js";
import { readJson } from "./page/words.js";
import { createHearing } from "./screen/hearing.js";
import { nextCode } from "./screen/invitation.js";
import { toggleFullScreen, wireKeys } from "./screen/keys.js";
import { changedLook, isCapped, rememberedLook } from "./screen/look.js";
import { createReport } from "./screen/report.js";
import { createScreen } from "./screen/screen.js";
import { createTeller } from "./screen/stage.js";
import { createSteering } from "./screen/steering.js";
import { keepAwake } from "./screen/wake.js";
import { NOTHING_SAID } from "./talk/messages.js";

const [words, first] = [readJson("words"), readJson("snapshot")];
const stage = document.body.dataset;
const clock = createClock(first.now);
const announce = createAnnouncer(byId("announcer"));
const [tell, report] = [createTeller(announce), createReport(announce, words)];
const steering = createSteering(words, tell);
const hearing = createHearing((message) => line.send(message));
const draw = createScreen(words, clock, announce, () => store.change({}));

const beginning = { snapshot: first, connection: { state: "connecting" }, look: rememberedLook(stage.columns), chosenCode: null, heard: NOTHING_SAID };
const store = createStore(beginning, (state) => {
  const said = draw(state);
  hearing.ask(stage.wall === "shown", state);
  steering.render(state.snapshot);
  report(state.snapshot, said);
});

function act(name) {
  const { snapshot, look } = store.get();
  const isMissing = name === "wall" && !snapshot.talk;
  const changed = isMissing ? null : changedLook(look, name);
  if (changed) {
    store.change({ look: changed });
    return name === "larger" && isCapped(changed) ? tell(words.text_most) : undefined;
  }
  if (name === "code") return store.change({ chosenCode: nextCode(stage.code) });
  byId("keys").close(); // what comes of it is to be seen on the stage
  if (isMissing) tell(words.talk_off);
  else if (name === "full") toggleFullScreen(() => tell(words.no_full));
  else steering.run(name, snapshot);
}

wireKeys(act, () => store.get().look.keys);
addEventListener("resize", () => store.change({}));
keepAwake();
const line = connect({
  view: "screen",
  onMessage(message) {
    if ("now" in message) clock.heard(message.now, message.askedAt);
    const { snapshot, heard } = store.get();
    if (message.type === "talk") store.change({ heard: hearing.fold(heard, message) });
    else store.change({ snapshot: newest(snapshot, message) });
  },
  onChange(connection) {
    const isBack = connection.state === "connected" && store.get().connection.state !== "connecting";
    if (isBack && stage.chart === "plain") stage.chart = "retried"; // the rows stay until it is there
    store.change({ connection });
  },
  onLogin: () => location.assign("/login"),
});
