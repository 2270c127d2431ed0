// What happens on a page while numbers come in: how far it jumps, whether the focus moves.

/** Watch from now on; what is returned goes on counting. */
export function watch() {
  const watched = { shift: 0, shifted: [], updates: 0, blurs: 0 };
  // Those that follow a tap count, too: a number that comes is no answer to it.
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      watched.shift += value;
      watched.shifted.push(...sources.map(({ node }) => (node?.parentElement ?? node)?.className));
    }
  }).observe({ type: "layout-shift" });
  document.addEventListener("focusout", () => { watched.blurs += 1; });
  const text = { childList: true, characterData: true, subtree: true };
  new MutationObserver(() => { watched.updates += 1; }).observe(document.querySelector("[data-count]"), text);
  return watched;
}
