// How a line can end, as close codes: the server's own, and two that say why a way was left.

export const GOING = 1001; // the server goes; it comes back
export const MISTAKE = 1011; // of the server's; come back
export const LOST = 1006; // without a word
export const LOGIN = 4401; // log in first
export const STOP = new Set([1002, 1003, 1007, 1008, 1009]); // we do something that is not taken

export const UNFIT = 4400; // this way does not pass here; another may
export const CROWDED = 4429; // more lines than one may have; later there may be room
