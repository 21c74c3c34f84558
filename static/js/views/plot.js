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
};

/** Draws a figure `{data, layout}` into an element; again and again into the same one. Resolves when it is on screen. */
export async function draw(element, { data, layout }) {
  await globalThis.Plotly.react(element, data, layout, CONFIG);
}

/** Tells where the reader has dragged the horizontal axis to: `listener([from, to])`, in the axis' own unit, during and after. */
export function onPan(element, during, after) {
  const rangeOf = (change) => change["xaxis.range"] ?? (change["xaxis.range[0]"] === undefined ? null : [change["xaxis.range[0]"], change["xaxis.range[1]"]]);
  const pass = (listener) => (change) => {
    const range = rangeOf(change);
    if (range) listener(range.map(Number));
  };
  element.on("plotly_relayouting", pass(during));
  element.on("plotly_relayout", pass(after));
}

/** Whether Plotly is there: its script can be blocked or still loading. */
export function isReady() {
  return Boolean(globalThis.Plotly);
}
