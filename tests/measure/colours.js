// How far words and shapes stand out from what lies under them (WCAG 2.2, 1.4.3 and 1.4.11).

import { ancestors, isDrawing, named, SEEN, texts } from "./texts.js";

const SHAPES = "rect, path, circle";
const BARS = ".strip rect, #chart .highcharts-series-group .highcharts-point";
const CONTROLS = "button, .button, input:not([type=hidden]), select, textarea";
const PAPER = [255, 255, 255, 1];

/** Words in the elements of a selector whose contrast is less than `least`. */
export function faintTexts(least, within) {
  return texts().flatMap(({ element, boxes: [box] }) => {
    if (!element.closest(within) || element.closest(":disabled")) return [];
    const under = ground(layers(element, box.left + box.width / 2, box.top + box.height / 2));
    const { fill, color } = getComputedStyle(element);
    const [red, green, blue, alpha] = colour(isDrawing(element) ? fill : color);
    const ratio = contrast(over([red, green, blue, alpha * opacity(element)], under), under);
    return ratio < least ? [`${named(element)} ${ratio.toFixed(2)}:1`] : [];
  });
}

/** Bars and controls there whose ground and edge both stand out by less than `least`. */
export function faintShapes(least, within) {
  return [...document.querySelectorAll(`${BARS}, ${CONTROLS}`)].flatMap((element) => {
    const { width, height } = element.getBoundingClientRect();
    if (!element.closest(within) || element.closest(":disabled")) return [];
    if (!width || !height || !element.checkVisibility(SEEN)) return [];
    const under = ground(ancestors(element.parentElement));
    // A control without ground and edge is its words, and these are measured as words.
    const inks = [paint(element), ...edges(element)].filter((ink) => ink[3]);
    const best = Math.max(...inks.map((ink) => contrast(over(ink, under), under)));
    return inks.length && best < least ? [`${named(element)} ${best.toFixed(2)}:1`] : [];
  });
}

const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
const pen = canvas.getContext("2d", { willReadFrequently: true });

/** A CSS colour as red, green, blue (0 to 255) and opacity (0 to 1). */
function colour(text) {
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = "transparent";
  pen.fillStyle = text;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

function over([r, g, b, a], [red, green, blue]) {
  return [r * a + red * (1 - a), g * a + green * (1 - a), b * a + blue * (1 - a), 1];
}

function luminance([red, green, blue]) {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(part) {
  const value = part / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function paint(element) {
  const { backgroundColor, fill, fillOpacity } = getComputedStyle(element);
  if (!isDrawing(element) || element.localName === "svg") return colour(backgroundColor);
  if (!element.matches(SHAPES) || fill === "none") return colour("transparent");
  const [red, green, blue, alpha] = colour(fill);
  return [red, green, blue, alpha * Number(fillOpacity)];
}

function edges(element) {
  const { borderTopWidth, borderTopColor, boxShadow, stroke, strokeWidth, strokeOpacity } = getComputedStyle(element);
  if (!isDrawing(element)) {
    const [ring] = boxShadow.match(/^rgba?\(.*?\)/) ?? [];
    return [...(parseFloat(borderTopWidth) ? [colour(borderTopColor)] : []), ...(ring ? [colour(ring)] : [])];
  }
  if (stroke === "none" || !parseFloat(strokeWidth)) return [];
  const [red, green, blue, alpha] = colour(stroke);
  return [[red, green, blue, alpha * Number(strokeOpacity)]];
}

/** What lies under a point of an element: as it is stacked where that can be asked, else as nested. */
function layers(element, x, y) {
  const stack = document.elementsFromPoint(x, y);
  const place = stack.indexOf(element);
  if (place >= 0) return stack.slice(place);
  return isDrawing(element) && stack.includes(element.ownerSVGElement) ? stack : ancestors(element);
}

function ground(stack) {
  const paints = stack.map(paint);
  const lowest = paints.findIndex((ink) => ink[3] === 1);
  return paints.slice(0, lowest < 0 ? undefined : lowest + 1).reduceRight((below, above) => over(above, below), PAPER);
}

function opacity(element) {
  return ancestors(element).reduce((all, one) => all * Number(getComputedStyle(one).opacity), 1);
}
