// The way in for phones: first on the desk until one has come, later folded away. Its address
// follows the network, and the admin's choice among this computer's networks.

import { byId, setAttribute, setText } from "../page/dom.js";
import { keepRows } from "../page/rows.js";
import { watch } from "../page/watch.js";

/** Show the address and its QR code, and the whole where it belongs. */
export function renderJoin({ snapshot, vitals }) {
  const { join } = snapshot;
  const [way, none] = [byId("join-way"), byId("join-none")];
  way.hidden = join === null;
  none.hidden = join !== null;
  if (join !== null) {
    setAttribute(way.querySelector("img"), "src", `/join.svg?${encodeURIComponent(join)}`);
    setAttribute(way.querySelector("a"), "href", join);
    setText(way.querySelector("a"), join.replace(/^https?:\/\//, ""));
  }
  if ((vitals.arrived || snapshot.online > 0) && byId("nobody").contains(byId("join"))) stepAside();
}

/** The first phone is there: the way in makes room, and whoever is in it by keyboard stays in it. */
function stepAside() {
  const held = document.activeElement;
  byId("join-fold").hidden = false;
  if (byId("join").contains(held)) byId("join-fold").open = true;
  const advice = byId("advice");
  delete advice.dataset.fold;
  advice.open = false;
  byId("join-fold").append(byId("join"));
  byId("nobody").hidden = true;
  if (byId("join").contains(held)) held.focus();
}

/** Keep the list of networks true while it is open; a choice that waits for its button stands. */
export function wireAddresses() {
  const place = byId("addresses");
  const form = place.querySelector("form");
  let look = null;

  function render({ chosen, fixed, addresses }) {
    form.hidden = fixed;
    place.querySelector("[data-part=address-fixed]").hidden = !fixed;
    const picked = form.elements.address.value;
    const isTouched = picked !== form.dataset.chosen;
    keepRows(byId("address-list"), "address", addresses.map(({ address }) => address), byId("address-row"));
    addresses.forEach(({ address, network }, index) => {
      const row = byId("address-list").children[index];
      row.querySelector("input").value = address;
      setText(row.querySelector(".address"), address);
      setText(row.querySelector(".network"), network);
    });
    const isThere = addresses.some(({ address }) => address === picked) || picked === "";
    form.elements.address.value = isTouched && isThere ? picked : chosen;
    form.dataset.chosen = chosen;
  }

  form.dataset.chosen = form.elements.address.value;
  place.addEventListener("toggle", () => {
    if (!place.open) return;
    if (look) look();
    else look = watch("/admin/addresses", (answer) => place.open && render(answer));
  });
}
