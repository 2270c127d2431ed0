// Small steps on the page that change it only where it differs: an equal text stays the same
// text node, so screen readers are not told twice and nothing is laid out again.

export const byId = (id) => document.getElementById(id);

export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}
