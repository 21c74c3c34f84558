// The only module that knows Plotly, which a script tag of the page has loaded from this server.

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
  return globalThis.Plotly.toImage({ data, layout, config: CONFIG }, { format, width: layout.width, height: layout.height, scale });
}

/** Whether Plotly is there: its script can be blocked or still loading. */
export function isReady() {
  return Boolean(globalThis.Plotly);
}
