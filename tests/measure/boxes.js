// How large words are drawn, and whether they keep to their place.

import { ancestors, isDrawing, named, SEEN, texts } from "./texts.js";

const SLACK_PX = 1.5;
const LINE_SLACK = 0.37; // line boxes are taller than their letters, and digits have nothing below their line

/** The words that a selector's elements draw but for some, each with its size in pixels on the glass. */
export function drawnSizes(selector, but) {
  return texts()
    .filter(({ element }) => element.closest(selector) && !element.closest(but))
    .map(({ element }) => ({
      words: element.textContent.trim(),
      size: parseFloat(getComputedStyle(element).fontSize) * scaleOf(element),
    }));
}

function scaleOf(element) {
  if (isDrawing(element)) {
    const { a, b } = element.getScreenCTM();
    return Math.hypot(a, b);
  }
  const box = blockOf(element);
  return box.offsetWidth ? box.getBoundingClientRect().width / box.offsetWidth : 1;
}

/** Words that leave the window or the box that should hold them, and how much too wide the page is. */
export function spilled() {
  const wide = document.documentElement.scrollWidth - innerWidth;
  const leaving = texts().filter(({ element, boxes }) => {
    const holder = isDrawing(element) ? element.ownerSVGElement : blockOf(element);
    // What a person can scroll is not lost.
    if (ancestors(holder).some((one) => /auto|scroll/.test(getComputedStyle(one).overflowX))) return false;
    const { left, right } = holder.getBoundingClientRect();
    const [first, last] = [Math.max(left, 0), Math.min(right, innerWidth)];
    const seen = boxes.map((box) => clipped(element, box));
    return seen.some((box) => box.left < first - SLACK_PX || box.right > last + SLACK_PX);
  });
  return [
    ...(wide > 0 ? [`the page is ${wide} px too wide`] : []),
    ...leaving.map(({ element }) => named(element)),
  ];
}

/** Words that lie on each other, but for what stays in place while the page moves under it. */
export function overlaps() {
  const all = texts()
    .filter(({ element }) => !ancestors(element).some(isStaying))
    .flatMap(({ element, boxes }) => boxes.map((box) => ({ element, box: clipped(element, box) })));
  return all.flatMap((one, place) =>
    all.slice(place + 1)
      .filter((other) => !one.element.contains(other.element) && !other.element.contains(one.element))
      .filter((other) => areOnEachOther(one.box, other.box))
      .map((other) => `${named(one.element)} and ${named(other.element)}`),
  );
}

/** Elements of a selector whose words are not all to be seen. */
export function cut(selector) {
  return texts()
    .filter(({ element }) => element.closest(selector))
    .filter(({ element, boxes }) => boxes.some((box) => isCut(box, clipped(element, box))))
    .map(({ element }) => named(element));
}

/** How high the elements of a selector are that can be seen. */
export function heights(selector) {
  return [...document.querySelectorAll(selector)]
    .filter((element) => element.checkVisibility(SEEN))
    .map((element) => element.getBoundingClientRect().height)
    .filter((height) => height > 0);
}

function areOnEachOther(one, other) {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return across > SLACK_PX && down > LINE_SLACK * Math.min(one.height, other.height);
}

function isCut(whole, seen) {
  const isNarrowed = seen.right < whole.right - SLACK_PX || seen.left > whole.left + SLACK_PX;
  return isNarrowed || seen.bottom < whole.bottom - LINE_SLACK * whole.height;
}

/** What of a rectangle is left inside of all that cuts off what leaves it. */
function clipped(element, { left, right, top, bottom, height }) {
  const edges = ancestors(element)
    .filter((one) => getComputedStyle(one).overflowX !== "visible")
    .map((one) => one.getBoundingClientRect());
  return {
    left: Math.max(left, ...edges.map((edge) => edge.left)),
    right: Math.min(right, ...edges.map((edge) => edge.right)),
    top: Math.max(top, ...edges.map((edge) => edge.top)),
    bottom: Math.min(bottom, ...edges.map((edge) => edge.bottom)),
    height,
  };
}

function isStaying(element) {
  return /sticky|fixed/.test(getComputedStyle(element).position);
}

function blockOf(element) {
  return /inline$|contents/.test(getComputedStyle(element).display) ? blockOf(element.parentElement) : element;
}
