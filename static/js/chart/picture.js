// The result on stage as a picture to keep, made on this page alone: nothing leaves it, no network is
// needed. What stands on the picture is in sheet.js.

import { setAttribute } from "../page/dom.js";
import { optionsFor } from "./columns.js";
import { loadLibrary } from "./library.js";
import { ballotOrder } from "./order.js";
import { HEIGHT, MARGIN, WIDTH, createSheet, drawNames, drawRows } from "./sheet.js";
import { sizesFor } from "./sizes.js";

const MOST_COLUMNS = 12;
// What a style sheet says to a shape, and a shape to those in it, a file has to say by itself.
const STYLED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linejoin", "paint-order", "font-family", "font-size", "font-weight", "text-anchor"];

/**
 * Let the browser save the round on stage as a file, `kind` "png" or "svg", on light ground whatever
 * the page's theme. More than twelve candidates are rows, and all are where Highcharts is missing.
 */
export async function savePicture(snapshot, kind, words) {
  const picture = await drawPicture(snapshot, words);
  const svg = new Blob([picture], { type: "image/svg+xml" });
  save(kind === "svg" ? svg : await paint(svg), `show-of-hands-round-${snapshot.round.id}.${kind}`);
}

/** The picture as the text of an SVG file. */
async function drawPicture(snapshot, words) {
  const library = snapshot.poll.candidates.length > MOST_COLUMNS ? null : await loadLibrary().catch(() => null);
  // On the page and out of sight: only what is laid out knows its colours and sizes.
  const easel = Object.assign(document.createElement("div"), { className: "heard", dir: "ltr" });
  easel.dataset.theme = "light";
  easel.setAttribute("aria-hidden", "true");
  document.body.append(easel);
  let chart = null;
  try {
    const { sheet, top } = createSheet(easel, snapshot, words);
    if (library === null) drawRows(sheet, top, snapshot, words);
    else chart = drawColumns(library, sheet, top, snapshot);
    return new XMLSerializer().serializeToString(standingAlone(sheet));
  } finally {
    chart?.destroy();
    easel.remove();
  }
}

/** The chart in the sheet, over the names; it is to be destroyed when the sheet has been copied. */
function drawColumns(library, sheet, top, snapshot) {
  const size = { width: WIDTH - 2 * MARGIN, height: drawNames(sheet, snapshot.poll) - top };
  const page = { snapshot, order: ballotOrder(snapshot.poll), hasLetters: false, isDeep: false };
  const box = document.createElement("div");
  sheet.after(box);
  const options = optionsFor(box, page);
  const chart = library.chart(box, { ...options, chart: { ...options.chart, ...size } });
  chart.update(sizesFor(size, HEIGHT, page), true, false, false);
  const columns = box.querySelector("svg");
  columns.setAttribute("x", MARGIN);
  columns.setAttribute("y", top);
  sheet.append(columns);
  return chart;
}

/** A copy that needs no style sheet and no page. */
function standingAlone(sheet) {
  const copy = sheet.cloneNode(true);
  const copies = [copy, ...copy.querySelectorAll("*")];
  [sheet, ...sheet.querySelectorAll("*")].forEach((element, index) => {
    const style = getComputedStyle(element);
    const inherited = element === sheet ? null : getComputedStyle(element.parentElement);
    for (const name of STYLED) {
      const value = style.getPropertyValue(name);
      setAttribute(copies[index], name, value === inherited?.getPropertyValue(name) ? null : value);
    }
    for (const name of ["class", "style", "role", "aria-label"]) copies[index].removeAttribute(name);
  });
  for (const made of copy.querySelectorAll("desc")) made.remove(); // says by what it was made, in English
  return copy;
}

async function paint(svg) {
  const image = new Image(WIDTH, HEIGHT);
  image.src = URL.createObjectURL(svg);
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  canvas.getContext("2d").drawImage(image, 0, 0, WIDTH, HEIGHT);
  URL.revokeObjectURL(image.src);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the browser may still be reading it
}
