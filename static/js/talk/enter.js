// What a key does in a field of several lines: Enter sends, Shift and Enter make a line.

/** Whether a key sends. Enter that ends a word of Chinese or Japanese does not; Safari tells by 229 alone. */
export const isSending = ({ key, shiftKey, isComposing, keyCode }) => key === "Enter" && !shiftKey && !isComposing && keyCode !== 229;
