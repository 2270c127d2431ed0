// Text for a drawing, where nothing breaks lines by itself: how wide it is, and where it may break.

const pen = document.createElement("canvas").getContext("2d");
const ELLIPSIS = "…";
// A word with the spaces behind it, or one sign of a script that knows no spaces.
const PIECES = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]\s*|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+\s*|\s+/gu;

/** How wide a text is in a face, given as CSS's `font` shorthand. */
export function widthOf(text, face) {
  pen.font = face;
  return pen.measureText(text).width;
}

/** Whether no word of a text is wider than a line. */
export function hasWholeWords(text, face, width) {
  return (text.match(PIECES) ?? []).every((piece) => widthOf(piece.trimEnd(), face) <= width);
}

/** The text, or as much of its beginning as fits, with a sign that something is missing. */
export function cut(text, face, width) {
  if (widthOf(text, face) <= width) return text;
  const signs = signsOf(text);
  while (signs.length > 1 && widthOf(signs.join("") + ELLIPSIS, face) > width) signs.pop();
  return signs.join("").trimEnd() + ELLIPSIS;
}

/** The lines of a text, at most so many; a word that is wider than a line breaks. */
export function wrap(text, face, width, most) {
  const lines = [""];
  for (const piece of text.match(PIECES) ?? []) {
    const isWide = widthOf(piece.trimEnd(), face) > width;
    for (const part of isWide ? signsOf(piece) : [piece]) {
      const longer = lines.at(-1) + part;
      if (lines.at(-1) === "" || widthOf(longer.trimEnd(), face) <= width) lines[lines.length - 1] = longer;
      else lines.push(part);
    }
  }
  const whole = lines.map((line) => line.trim());
  return whole.length <= most ? whole : [...whole.slice(0, most - 1), cut(whole.slice(most - 1).join(" "), face, width)];
}

// An emoji is many code points and one sign.
function signsOf(text) {
  if (!("Segmenter" in Intl)) return [...text];
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}
