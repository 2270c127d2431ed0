// The words of the page's language: embedded as JSON data, filled here, shown as text only.

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// Chinese sentences follow each other without a space.
const GAP = document.documentElement.lang.startsWith("zh") ? "" : " ";

/** Put sentences behind each other; the missing ones leave no gap. */
export const join = (...sentences) => sentences.filter(Boolean).join(GAP);

/** Read the JSON data block with this id. */
export function readJson(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** Put values into a sentence's `{name}` places. */
export function fill(sentence, values = {}) {
  return sentence.replace(/\{(\w+)\}/g, (place, key) => (key in values ? isolate(String(values[key])) : place));
}

const plurals = new Intl.PluralRules(document.documentElement.lang);

/** Choose from a sentence's forms, by plural category, the one for a number. */
export function formOf(forms, n) {
  return forms[plurals.select(n)] ?? forms[plurals.select(0)];
}

/** The same, filled. */
export function fillCount(forms, n, values = {}) {
  return fill(formOf(forms, n), { n, ...values });
}

/** Say a time of day (milliseconds since 1970) in the reader's time zone. */
export function clock(milliseconds) {
  const parts = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(milliseconds).toLocaleTimeString(document.documentElement.lang, parts);
}

// A name that runs the other way would otherwise carry the words around it to the wrong side.
function isolate(value) {
  return RIGHT_TO_LEFT.test(value) || document.dir === "rtl" ? `\u2068${value}\u2069` : value;
}
