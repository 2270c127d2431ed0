// What this tab is called as long as its page is open: its lines, old, new or tried out, are one page's.

export const TAB = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36)).join("");
