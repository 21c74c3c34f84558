// What the charts of a comparison have in common: one row for each entrant, from the top, at the same height in every chart. Pure.

export const PITCH = 36;
const TOP = 26;
const BOTTOM = 34;
const FILLED = 0.62;

/** The layout of a chart of horizontal bars: `names` are the rows', `named` whether they are written at the left. */
export function rowsLayout(names, { width, named, palette, xaxis }) {
  const room = named ? Math.min(240, Math.max(80, 18 + 8.3 * Math.max(...names.map((name) => name.length)))) : 10;
  return {
    width,
    height: TOP + names.length * PITCH + BOTTOM,
    margin: { l: room, r: 12, t: TOP, b: BOTTOM, pad: 8 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: palette.sans, size: 13, color: palette.ink2 },
    showlegend: false,
    hovermode: false,
    dragmode: false,
    barmode: "stack",
    bargap: 1 - FILLED,
    xaxis: { fixedrange: true, gridcolor: palette.line, zeroline: true, zerolinecolor: palette.line2, ticks: "", exponentformat: "none", ...xaxis },
    yaxis: {
      range: [names.length - 0.5, -0.5],
      fixedrange: true,
      showgrid: false,
      zeroline: false,
      ticks: "",
      tickvals: names.map((_, at) => at),
      ticktext: named ? names.map(plain) : names.map(() => ""),
      tickfont: { size: 14, color: palette.ink },
    },
  };
}

/** A text as Plotly shows it literally: it reads a few tags. */
export function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
