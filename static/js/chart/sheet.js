// A result as a drawing that stands alone: what was asked, in which round, and how many chose whom.
// The columns themselves are the chart's.

import { colourOf, isComparing, letterOf, shareOf } from "../page/candidates.js";
import { setAttribute } from "../page/dom.js";
import { fill, fillCount } from "../page/words.js";
import { cut, hasWholeWords, widthOf, wrap } from "./wrap.js";

export const WIDTH = 1920;
export const HEIGHT = 1080;
export const MARGIN = 80;

const INNER = WIDTH - 2 * MARGIN;
const LEADING = 1.25;
const QUESTION = { size: 56, most: 3 };
const NOTE_PX = 30;
const NAMES = { sizes: [36, 32, 28, 24, 20, 18], tall: 184, gap: 16 };
const ROWS = { most: 24, size: 34, gap: 80, letter: 2.4, name: 0.46, numbers: 5.6, earlier: 4.6, smallest: 0.6 };

/** An element of a drawing, with its text if it has one. */
function shape(parent, tag, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

/** Text, as large and bold as it is told, with its baseline at `y`. */
function write(parent, text, { size, weight = 600, ...attributes }) {
  shape(parent, "text", { "font-size": size, "font-weight": weight, fill: "var(--text)", direction: "ltr", ...attributes }, text);
}

const faceOf = (easel, size, weight = 600) => `${weight} ${size}px ${getComputedStyle(easel).fontFamily}`;

/** Begin a sheet in `easel` with question and round; returns it and where the picture may begin. */
export function createSheet(easel, snapshot, words) {
  const { poll, round, voted, room } = snapshot;
  const sheet = shape(easel, "svg", { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}` });
  shape(sheet, "title", {}, poll.question);
  shape(sheet, "rect", { width: WIDTH, height: HEIGHT, fill: "var(--ground)" });
  let y = MARGIN - QUESTION.size * 0.25;
  for (const line of wrap(poll.question, faceOf(easel, QUESTION.size, 700), INNER, QUESTION.most)) {
    y += QUESTION.size * LEADING;
    write(sheet, line, { x: MARGIN, y: y - QUESTION.size * 0.25, size: QUESTION.size, weight: 700 });
  }
  const name = round.rehearsal ? words.rehearsal : fill(words.round_name, { n: round.id });
  const time = { dateStyle: "long", timeStyle: "short" };
  const when = new Date(round.opened_at).toLocaleString(document.documentElement.lang, time);
  y += NOTE_PX * LEADING;
  write(sheet, [name, fillCount(words.turnout, voted, { voted, all: room }), when].join(" · "), { x: MARGIN, y, size: NOTE_PX, fill: "var(--quiet)" });
  if (isComparing(snapshot)) drawLegend(sheet, snapshot, words, y);
  return { sheet, top: y + NOTE_PX };
}

/** Which tone is which round, at the right edge. */
function drawLegend(sheet, { compared, round }, words, y) {
  const face = faceOf(sheet.parentElement, NOTE_PX);
  let x = WIDTH - MARGIN;
  for (const [id, opacity] of [[round.id, 1], [compared.round, 0.4]]) {
    const name = fill(words.round_name, { n: id });
    x -= widthOf(name, face);
    write(sheet, name, { x, y, size: NOTE_PX, fill: "var(--quiet)" });
    x -= NOTE_PX;
    shape(sheet, "rect", { x, y: y - NOTE_PX * 0.75, width: NOTE_PX * 0.75, height: NOTE_PX * 0.75, fill: "var(--text)", "fill-opacity": opacity });
    x -= NOTE_PX;
  }
}

/** The names under as many columns, each with its letter, at the sheet's foot; returns their top. */
export function drawNames(sheet, { candidates }) {
  const place = INNER / candidates.length;
  const names = candidates.map(({ name }) => fitName(sheet, name, place - NAMES.gap));
  const top = HEIGHT - MARGIN - NAMES.sizes[0] * LEADING - Math.max(...names.map(({ size, lines }) => lines.length * size * LEADING));
  names.forEach(({ size, lines }, index) => {
    const x = MARGIN + (index + 0.5) * place;
    let y = top + NAMES.sizes[0];
    write(sheet, letterOf(index), { x, y, size: NAMES.sizes[0], weight: 700, "text-anchor": "middle" });
    for (const line of lines) write(sheet, line, { x, y: (y += size * LEADING), size, "text-anchor": "middle" });
  });
  return top;
}

/** A name in lines, as large as it can be whole; a word breaks only at the smallest size. */
function fitName(sheet, name, width) {
  const fitted = NAMES.sizes.map((size) => {
    const face = faceOf(sheet.parentElement, size);
    const most = Math.floor(NAMES.tall / size / LEADING);
    const isWhole = wrap(name, face, width, Infinity).length <= most && hasWholeWords(name, face, width);
    return { size, isWhole, lines: wrap(name, face, width, most) };
  });
  return fitted.find(({ isWhole }) => isWhole) ?? fitted.at(-1);
}

/** All candidates as rows below `top`, in two columns where they are many. */
export function drawRows(sheet, top, { poll, counts, ballots, compared }, words) {
  const columns = poll.candidates.length > ROWS.most ? 2 : 1;
  const perColumn = Math.ceil(poll.candidates.length / columns);
  const width = (INNER - (columns - 1) * ROWS.gap) / columns;
  const height = Math.min(ROWS.size * 2, (HEIGHT - MARGIN - top) / perColumn);
  const size = Math.min(ROWS.size, height * 0.66);
  const largest = Math.max(1, ...Object.values(counts));
  poll.candidates.forEach(({ id, name }, index) => {
    const x = MARGIN + Math.floor(index / perColumn) * (width + ROWS.gap);
    const y = top + ((index % perColumn) + 0.5) * height;
    const count = counts[id] ?? 0;
    const earlier = compared === null ? null : id in compared.counts ? fill(words.earlier, { n: compared.counts[id] }) : "";
    const row = shape(sheet, "g", {});
    shape(row, "title", {}, name);
    drawRow(row, { x, y, width, size }, { index, name, count, earlier, share: shareOf(count, ballots), part: count / largest });
  });
}

function drawRow(row, { x, y, width, size }, { index, name, count, earlier, share, part }) {
  const easel = row.ownerSVGElement.parentElement;
  const middle = { y: y + size * 0.35 };
  const end = { ...middle, "text-anchor": "end" };
  const room = width * ROWS.name - size * ROWS.letter;
  const small = size * Math.max(ROWS.smallest, Math.min(1, room / widthOf(name, faceOf(easel, size))));
  const numbers = size * (ROWS.numbers + (earlier === null ? 0 : ROWS.earlier));
  const bar = { x: x + width * ROWS.name + size * 0.5, width: (width * (1 - ROWS.name) - numbers) * part };
  write(row, letterOf(index), { ...middle, x, size, weight: 700 });
  write(row, cut(name, faceOf(easel, small), room), { ...middle, x: x + size * ROWS.letter, size: small });
  if (count > 0) shape(row, "rect", { ...bar, y: y - size * 0.4, height: size * 0.8, ...paintOf(index) });
  if (earlier !== null) write(row, earlier, { ...end, x: x + width - size * 5.4, size: size * 0.75, fill: "var(--quiet)" });
  write(row, `${Math.round(share)}%`, { ...end, x: x + width - size * 2.9, size: size * 0.75, fill: "var(--quiet)" });
  write(row, String(count), { ...end, x: x + width, size, weight: 700 });
}

function paintOf(index) {
  const { hue, again } = colourOf(index);
  const edge = { stroke: "var(--bar-edge)", "stroke-width": 2 };
  return { fill: `var(--hue-${hue})`, "fill-opacity": again ? 0.3 : 1, ...edge };
}
