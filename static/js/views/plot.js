// The only module that knows Plotly. A browser takes about as long to read its megabytes as to do all else that a page needs: so it is
// evaluated when what can be seen without it has been painted. A page names it in `<link id="plotly" rel="preload">`, or has it already.

const CONFIG = {
  displayModeBar: false,
  displaylogo: false,
  showSendToCloud: false,
  showTips: false,
  displayNotifier: false,
  doubleClick: false,
  scrollZoom: false,
  showAxisDragHandles: false,
  showAxisRangeEntryBoxes: false,
  responsive: false,
  // Pointer and keys are the timeline's own.
  staticPlot: true,
};

/** Draws a figure `{data, layout}` into an element; again and again into the same one. Resolves when it is on screen. */
export async function draw(element, { data, layout }) {
  await globalThis.Plotly.react(element, data, layout, CONFIG);
}

/** A figure as an image, drawn out of sight: a data URL. `format`: "png" or "svg"; `scale`: pixels of the image per pixel of the figure. */
export async function imageOf({ data, layout }, { format = "png", scale = 2 } = {}) {
  if (!(await ready())) throw new Error("plotly.js did not load from this server: without it no picture can be made.");
  return globalThis.Plotly.toImage({ data, layout, config: CONFIG }, { format, width: layout.width, height: layout.height, scale });
}

/** Whether Plotly is there by now. */
export function isReady() {
  return Boolean(globalThis.Plotly);
}

let coming = null;

/** Has Plotly evaluated, once what has been drawn is on screen. Resolves to whether it is there: its script can be blocked. */
export function ready() {
  coming ??= isReady() ? Promise.resolve(true) : afterPaint().then(load);
  return coming;
}

function afterPaint() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

function load() {
  return new Promise((resolve) => {
    const script = Object.assign(document.createElement("script"), { src: document.getElementById("plotly")?.href ?? "", onload: () => resolve(isReady()), onerror: () => resolve(false) });
    document.head.append(script);
  });
}
