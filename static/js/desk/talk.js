// The room's talk on the desk: the queue for a thumb, and what is set and said beside it.

import { byId, setAttribute, setText } from "../page/dom.js";
import { fill, fillCount } from "../page/words.js";
import { keep, recall } from "../phone/sending.js";
import { hearAfter } from "../talk/messages.js";
import { createHold } from "./talk_hold.js";
import { NOTHING_QUEUED, partOf, queueOf, unreadOf } from "./talk_queue.js";
import { renderRows } from "./talk_rows.js";
import { createSay } from "./talk_say.js";
import { renderSettings } from "./talk_settings.js";

const READ = "desk.read"; // how far messages to the stage have been read, in this tab

/**
 * Returns {render(page), heard(message)}: draws the page's `heard` and its snapshot's talk, and takes
 * the server's word on what the stage says.
 *
 * `press(button, action, fields)` posts an action; `tell` and `announce` say a sentence; `send` and
 * `doubt` are the line's.
 */
export function createTalk({ words, announce, tell, press, send, doubt, clock }) {
  const list = byId("queue");
  const hold = createHold(list, () => drawQueue());
  const say = createSay({ words, tell, send, doubt, clock });
  let page = null;
  let view = "everyone";
  let queue = NOTHING_QUEUED;
  let read = recall(READ) ?? { epoch: "", version: 0 };
  let unread = 0;
  let line = null; // the connection on which was asked for what was said

  /** On a new line, ask for what was said meanwhile; what had no answer is sent again. */
  function listen({ connection, heard }) {
    const now = connection.state === "connected" ? connection : null;
    if (now === line) return;
    line = now;
    if (line) send(hearAfter(heard));
    say.onLine(line);
  }

  function drawQueue() {
    queue = queueOf(queue, partOf(page.heard, view === "stage"), hold.isHeld());
    renderRows(list, byId("said-row"), queue.shown, page.snapshot.talk, words);
    const { waiting } = queue;
    byId("talk-waiting").hidden = waiting === 0;
    setText(byId("talk-waiting"), fillCount(words.talk_waiting, waiting));
    const isEmpty = queue.shown.length === 0;
    byId("talk-none").hidden = !isEmpty;
    byId("talk-newest").hidden = isEmpty || waiting > 0;
  }

  /** Count what is for the stage and not read: it is read while its list is looked at. */
  function drawUnread() {
    const { heard } = page;
    const isLooking = view === "stage" && byId("talk").open && !document.hidden;
    if (isLooking && unreadOf(heard, read) > 0) {
      read = { epoch: heard.epoch, version: heard.version };
      keep(READ, read);
    }
    const before = unread;
    unread = unreadOf(heard, read);
    byId("talk-unread").hidden = unread === 0 || page.snapshot.talk.state === "off";
    setText(byId("talk-unread"), fillCount(words.talk_unread, unread));
    for (const button of document.querySelectorAll("[data-view]")) {
      setAttribute(button, "aria-pressed", button.dataset.view === view);
    }
    setText(document.querySelector("[data-view=stage]"), unread ? fill(words.to_stage_new, { n: unread }) : words.to_stage);
    if (unread > before) announce(() => (unread ? fillCount(words.talk_unread, unread) : ""));
  }

  function render(next) {
    const isNew = page?.heard !== next.heard || page.snapshot.talk !== next.snapshot.talk;
    page = next;
    listen(page);
    const clear = document.querySelector("[data-part=clear]");
    clear.elements.version.value = page.heard.version; // what was said since is not meant
    if (!isNew) return;
    keepPlace(() => {
      renderSettings(page.snapshot.talk, words);
      drawQueue();
      drawUnread();
    });
  }

  /** Leave the keyboard near where it is, if what it was on goes away. */
  function keepPlace(draw) {
    const held = document.activeElement;
    const isInQueue = list.contains(held);
    draw();
    if (held.isConnected && !held.closest("[hidden]")) return;
    (isInQueue ? list : byId("talk").querySelector("summary")).focus({ preventScroll: true });
  }

  function show(wanted) {
    view = wanted;
    queue = NOTHING_QUEUED;
    hold.letGo();
    drawQueue();
    drawUnread();
  }

  function act(button, id) {
    const message = queue.shown.find((one) => one.id === id);
    const { spotlight, muted } = page.snapshot.talk;
    const isMuted = muted.some((person) => person.id === message.from);
    switch (button.dataset.do) {
      case "hide":
        return press(button, message.hidden ? "talk/show" : "talk/hide", { message: id });
      case "spotlight":
        return press(button, "talk/spotlight", { message: spotlight?.id === id ? "" : id });
      case "mute":
        return press(button, isMuted ? "talk/unmute" : "talk/mute", { person: message.from });
      default:
        return say.answer(message);
    }
  }

  list.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    if (button) act(button, button.closest("[data-message]").dataset.message);
  });
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => show(button.dataset.view));
  }
  byId("talk-waiting").addEventListener("click", () => {
    list.focus({ preventScroll: true }); // its own place goes away
    show(view);
  });
  byId("talk").addEventListener("toggle", drawUnread);
  document.addEventListener("visibilitychange", drawUnread);
  return { render, heard: say.heard };
}
