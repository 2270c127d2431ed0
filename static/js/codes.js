// The page of new codes: paper at one press.

import { byId } from "./page/dom.js";

byId("print").addEventListener("click", () => print());
