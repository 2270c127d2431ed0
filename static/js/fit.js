// Names under the columns: as large as the stage allows; what does not fit gives way by itself.

const STEPS = 3; // the sizes that present.css has for data-fit

/**
 * Fit the names of `list`: seven to twelve long ones take turns on two levels, and a name that is
 * cut even so gets smaller, alone.
 */
export function fitNames(list) {
  const rows = [...list.children];
  for (const row of rows) row.dataset.fit = 0;
  list.toggleAttribute("data-staggered", false);
  list.toggleAttribute("data-staggered", list.dataset.size === "some" && rows.some(isCut));
  for (const row of rows) {
    for (let step = 1; step <= STEPS && isCut(row); step += 1) row.dataset.fit = step;
  }
}

// A word that is wider than its place counts as cut as well; at the last step words may break.
function isCut(row) {
  const name = row.querySelector(".name");
  return name.scrollHeight > name.clientHeight + 1 || name.scrollWidth > name.clientWidth + 1;
}
