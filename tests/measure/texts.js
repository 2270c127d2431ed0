// The words that can be seen on a page, and where they stand.

export const SEEN = { checkOpacity: true, checkVisibilityCSS: true };

const FOR_EARS_PX = 4; // what is smaller and cuts off the rest is there to be heard
const UNSEEN = "script, template, noscript, option, title";

/** Elements that draw words of their own, with the rectangles of these words. */
export function texts() {
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    const element = node.parentElement;
    if (!node.textContent.trim() || element.closest(UNSEEN)) continue;
    if (!element.checkVisibility(SEEN) || ancestors(element).some(isForEarsOnly)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1);
    if (boxes.length) found.set(element, [...(found.get(element) ?? []), ...boxes]);
  }
  return [...found].map(([element, boxes]) => ({ element, boxes }));
}

function isForEarsOnly(element) {
  const { width, height } = element.getBoundingClientRect();
  const { display, overflow } = getComputedStyle(element);
  return display !== "contents" && overflow !== "visible" && width < FOR_EARS_PX && height < FOR_EARS_PX;
}

/** An element and all that it stands in, from the inside. */
export function ancestors(element) {
  return element ? [element, ...ancestors(element.parentElement)] : [];
}

/** Whether an element belongs to a drawing (SVG). */
export function isDrawing(element) {
  return element instanceof SVGElement;
}

/** An element as a person would point at it. */
export function named(element, words = element.textContent) {
  const classes = element.getAttribute("class")?.trim().split(/\s+/) ?? [];
  const name = [element.localName + (element.id ? `#${element.id}` : ""), ...classes].join(".");
  return `${name} "${words.trim().replace(/\s+/g, " ").slice(0, 40)}"`;
}
