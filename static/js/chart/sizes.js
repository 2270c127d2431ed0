// How large the numbers at the columns are. They are the heroes, but never wider than their place.

import { isComparing } from "../page/candidates.js";

/** Of a candidate's place, what stays free at each side of its columns. */
export const GROUP_PADDING = 0.12;

const DIGIT_EM = 0.7; // how wide a bold digit is, in the widest faces
const LEAST_DIGITS = 3; // so that the tenth vote makes no number smaller
const SHARE = { em: 0.6, digits: 4.6 }; // base.css; "100%"
const EARLIER_EM = 0.7; // the earlier round's numbers beside the present ones
const SMALLEST_PX = 11;
const SMALL_PX = 20; // in a small frame, where there is room for no more
const LARGEST_PX = 84;
const GAP_PX = 4;

/**
 * What follows the size of the chart, as options of it, in a picture `tall` pixels high; `custom`
 * says which labels there is room for.
 */
export function sizesFor({ width, height }, tall, { snapshot, hasLetters }) {
  const place = width / snapshot.poll.candidates.length;
  const digits = digitsOf(snapshot);
  const legible = Math.min(height * 0.2, Math.max(SMALL_PX, tall * 0.042));
  const alone = Math.min(Math.max(height * 0.1, legible), LARGEST_PX, (place - GAP_PX) / digits / DIGIT_EM);
  // Two numbers side by side need half of each between the middles of their columns.
  const apart = place * (0.5 - GROUP_PADDING);
  const beside = (apart - GAP_PX) / digits / DIGIT_EM / ((1 + EARLIER_EM) / 2);
  const hasBoth = isComparing(snapshot) && beside >= legible;
  const count = Math.round(Math.max(SMALLEST_PX, hasBoth ? Math.min(alone, beside) : alone));
  const earlier = Math.round(count * EARLIER_EM);
  // Else the present one stands in the middle above both.
  const aside = isComparing(snapshot) && !hasBoth ? -apart / 2 : 0;
  const hasShares = count * SHARE.em >= SMALLEST_PX && count * SHARE.em * SHARE.digits * DIGIT_EM < place;
  const letter = Math.round(Math.max(12, Math.min(place * 0.3, height * 0.05, 28)));
  const style = (size) => ({ style: { fontSize: `${size}px` } });
  return {
    chart: { marginTop: 8 + count * (hasShares ? 2.1 : 1.3), marginBottom: hasLetters ? letter * 1.6 + 22 : 22 },
    xAxis: { labels: { y: letter * 1.3, ...style(letter) } },
    plotOptions: { series: { custom: { hasShares } } },
    series: [
      ...(isComparing(snapshot) ? [{ id: "earlier", dataLabels: { enabled: hasBoth, ...style(earlier) } }] : []),
      { id: "present", dataLabels: { x: aside, ...style(count) } },
    ],
  };
}

function digitsOf({ counts, compared }) {
  const largest = Math.max(0, ...Object.values(counts), ...Object.values(compared?.counts ?? {}));
  return Math.max(LEAST_DIGITS, String(largest).length);
}
