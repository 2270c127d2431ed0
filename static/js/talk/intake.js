// What each message from the server changes of the talk on the voter's page.

import { foldTalk } from "./messages.js";
import { foldPeople } from "./people.js";

/** Returns take(message), for the types that tell of the talk. */
export function createIntake({ store, hearing, telling, outbox }) {
  const take = {
    talk(message) {
      if (!hearing.hears()) return;
      const { wall, isWhole } = store.get();
      telling.heard(store.get(), message, wall);
      const goesOn = isWhole && message.epoch === wall.epoch;
      store.change({ wall: foldTalk(wall, message), isWhole: goesOn || Boolean(message.afresh) });
      outbox.settle(store.get());
    },
    direct(message) {
      const { direct } = store.get();
      telling.heard(store.get(), message, direct);
      store.change({ direct: foldTalk(direct, { ...message, after: direct.version }) }); // none is left out
      outbox.settle(store.get());
    },
    people: (message) => store.change({ people: foldPeople(store.get().people, message) }),
    said(message) {
      outbox.said(message);
      outbox.settle(store.get()); // it may have come as a message before
    },
    unsaid(message) {
      hearing.unsaid(message);
      outbox.unsaid(message);
    },
  };
  return (message) => take[message.type](message);
}
