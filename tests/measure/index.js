// What tests ask a page about itself, as `measure` in its window; measuring.py brings it there.

import { cut, drawnSizes, heights, overlaps, spilled } from "./boxes.js";
import { faintShapes, faintTexts } from "./colours.js";
import { disagreements } from "./numbers.js";
import { watch } from "./steady.js";

window.measure = { cut, disagreements, drawnSizes, faintShapes, faintTexts, heights, overlaps, spilled, watch };
