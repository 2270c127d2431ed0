// Highcharts, fetched from beside this file when first wanted; the only file that names it.

const VENDOR = new URL("../../vendor/highcharts/", import.meta.url);

let library = null;
let depth = null;

/** Fetch Highcharts, once; a fetch that failed is tried again by the next caller. */
export function loadLibrary() {
  library ??= fetchLibrary().catch((problem) => {
    library = null;
    throw problem;
  });
  return library;
}

/** Fetch what draws columns with depth, likewise. */
export function loadDepth() {
  depth ??= loadLibrary().then(() => script("highcharts-3d.js")).catch((problem) => {
    depth = null;
    throw problem;
  });
  return depth;
}

async function fetchLibrary() {
  // The palette is a file because the content policy forbids the style element Highcharts would write.
  await element("link", { rel: "stylesheet", href: new URL("css/highcharts-palette.css", VENDOR).href });
  await script("highcharts.js");
  // Words of the chart itself, such as they are; without them it speaks English.
  if (document.documentElement.lang.startsWith("zh")) await script("i18n/zh-CN.js").catch(() => {});
  return window.Highcharts;
}

const script = (name) => element("script", { src: new URL(name, VENDOR).href });

function element(tag, attributes) {
  return new Promise((onload, fail) => {
    const one = document.createElement(tag);
    const onerror = (problem) => { one.remove(); fail(problem); };
    document.head.append(Object.assign(one, attributes, { onload, onerror }));
  });
}
