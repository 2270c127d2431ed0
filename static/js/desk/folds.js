// Parts of a page that are folded where it is narrow, and open where there is room for them.

const wide = matchMedia("(min-width: 900px)");

/** Open and close every `details[data-fold]` with the width of the window. */
export function wireFolds() {
  const fit = () => {
    for (const part of document.querySelectorAll("details[data-fold]")) part.open = wide.matches;
  };
  wide.addEventListener("change", fit);
  fit();
}
