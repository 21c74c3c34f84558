// Draws one frame: names, the picture of occupied fractions on a canvas, bars and axis by Plotly over it, what lies over that.
//
// Plotly takes many times as long as all the rest. So while the view of a new window is on its way, bars and axis stay those that there are,
// and are moved and stretched to where they belong; they are drawn once it is here.

import { frameOf } from "../figures/frame.js";
import { paint } from "../figures/picture.js";
import { escaped } from "../figures/poster.js";
import { AXIS_HEIGHT, RIGHT, timelineFigure } from "../figures/timeline.js";
import { h, put } from "../lib/dom.js";
import { onThemeChange, readPalette } from "../lib/palette.js";
import { paced } from "../lib/paced.js";
import { putOn, urlOf } from "../lib/raster.js";
import { drawLegend } from "./legend.js";
import { draw, isReady, ready } from "./plot.js";

/** What a run's growth makes to be drawn is drawn at most so often: the browser mostly shares its cores with what is measured. */
export const REDRAW_MS = 100;
const TALLEST_SHARE = 0.72;
const LEAST_TALL = 220;
const LEAST_WIDE = 120;
const NOTHING = { lanes: [], segments: [], open: [], edges: [], coverage: new Map(), refs: new Map(), at_work: null };
/** Of a picture that leaves the page: room for the names. */
const NAMES_PX = 200;
/** Where nothing has been drawn by then, for the run has not begun, Plotly is made ready meanwhile. */
const IDLE_MS = 1500;

/**
 * startDrawing(parts, stage, onDrawn()): {frame(), schedule({calm}), picture()}. `stage` answers window(), laid(), view(), over() (what the overlay
 * shows), awaits() (whether a better view is on its way), labels and overlay. Everything that changes is drawn with the next frame of the screen, once.
 */
export function startDrawing(parts, stage, onDrawn) {
  const { lanes, area, plot, backdrop, figure } = parts;
  let palette = readPalette();
  let scheduled = false;
  let size = { width: LEAST_WIDE, tallest: LEAST_TALL, scroll: 0 };
  let legend = null;
  // What bars and axis on screen are of.
  let drawn = null;

  /** Asking the page for sizes makes it lay itself out: only when one has changed. */
  function measure() {
    const tallest = Math.max(LEAST_TALL, Math.round(globalThis.innerHeight * TALLEST_SHARE) - AXIS_HEIGHT);
    size = { width: Math.max(LEAST_WIDE, area.clientWidth - RIGHT), tallest, scroll: lanes.scrollTop };
  }

  function frame() {
    const laid = stage.laid();
    const height = Math.min(laid.height, size.tallest);
    const scroll = Math.max(0, Math.min(size.scroll, laid.height - height));
    return frameOf(laid, { window: stage.window(), width: size.width, height, scroll });
  }

  const calmly = paced(() => schedule(), REDRAW_MS);

  function schedule({ calm = false } = {}) {
    if (calm) return calmly();
    if (scheduled) return undefined;
    scheduled = true;
    return requestAnimationFrame(() => {
      scheduled = false;
      render();
    });
  }

  function render() {
    const began = performance.now();
    const laid = stage.laid();
    const now = frame();
    const view = stage.view() ?? NOTHING;
    setStyle(lanes, "height", `${now.height + AXIS_HEIGHT}px`);
    setStyle(area, "height", `${laid.height + AXIS_HEIGHT}px`);
    for (const element of [plot, parts.surface]) setStyle(element, "height", `${now.height}px`);
    for (const element of [parts.surface, backdrop]) setStyle(element, "width", `${now.width}px`);
    stage.labels.draw(laid, now, stage.cursor());
    putOn(backdrop, backdropOf(view, laid, now));
    stage.overlay.draw({ frame: now, laid, ...stage.over() });
    if (parts.legend && (legend?.view !== view || legend.laid !== laid)) drawLegend(parts.legend, view, laid);
    legend = { view, laid };
    onDrawn(now, view);
    plot.dataset.grown = String(view.grown_to_ns ?? 0);
    plot.dataset.painted = view === NOTHING ? "" : `${view.t0_ns}-${view.t1_ns}-${view.ns_per_column}`;
    if (!isReady()) {
      if (view !== NOTHING) ready().then((there) => (there ? schedule() : put(figure, h("p", { class: "muted" }, "plotly.js did not load from this server."))));
      return;
    }
    const look = { view, laid, palette, width: now.width, height: now.height, scroll: now.scroll };
    if (stage.awaits() && isSame(drawn, look)) {
      setStyle(figure, "transform", carried(drawn.window, now));
      return;
    }
    drawn = { ...look, window: now.window };
    setStyle(figure, "transform", "");
    draw(figure, timelineFigure(view, laid, now, palette));
    plot.dataset.drawn = String(Number(plot.dataset.drawn ?? 0) + 1);
    plot.dataset.view = plot.dataset.painted;
    plot.dataset.tookMs = (performance.now() - began).toFixed(1);
  }

  function backdropOf(view, laid, now) {
    const rows = now.rows.map(({ row, top, from }) => ({ ...row, top, from }));
    const blank = () => ({ width: now.width, height: now.height, data: new Uint8ClampedArray(now.width * now.height * 4) });
    return view === NOTHING ? blank() : paint(view, { ...laid, rows }, { top: 0, bottom: now.height }, { ...now.window, width: now.width }, palette);
  }

  /** What is on screen as a figure that stands alone: the names at the left, the picture as an image behind. {data, layout}. */
  function picture() {
    const laid = stage.laid();
    const now = frame();
    const view = stage.view() ?? NOTHING;
    const { data, layout } = timelineFigure(view, laid, now, palette);
    const [from, to] = layout.xaxis.range;
    const image = { source: urlOf(backdropOf(view, laid, now)), xref: "paper", yref: "paper", x: 0, y: 1, sizex: 1, sizey: 1, xanchor: "left", yanchor: "top", sizing: "stretch", layer: "below" };
    const names = now.rows.map(({ row, top, height }) => ({ text: escaped(numbered(row)), xref: "paper", yref: "y", x: 0, y: top + height / 2, xanchor: "right", xshift: -8, showarrow: false, font: { size: row.lane?.measured ? 13 : 11, color: row.lane?.measured ? palette.ink : palette.ink2 } }));
    return { data, layout: { ...layout, width: layout.width + NAMES_PX, margin: { ...layout.margin, l: NAMES_PX, t: 8 }, height: layout.height + 8, paper_bgcolor: palette.surface, images: [image], annotations: names, xaxis: { ...layout.xaxis, range: [from, to] } } };
  }

  const resized = () => {
    measure();
    schedule();
    stage.onResize();
  };
  new ResizeObserver(resized).observe(area);
  addEventListener("resize", resized);
  lanes.addEventListener("scroll", () => {
    measure();
    schedule();
    stage.onScroll();
  });
  onThemeChange(() => {
    palette = readPalette();
    schedule();
  });
  measure();

  return { frame, schedule, picture };
}

/** As on the page, where a holder's number is a disc beside its name. */
function numbered({ label, lane, mark }) {
  return mark === null || mark === undefined || lane?.kind !== "thread" ? label : `${mark < 20 ? String.fromCodePoint(0x2460 + mark) : mark + 1} ${label}`;
}

function isSame(drawn, look) {
  return drawn !== null && Object.keys(look).every((name) => drawn[name] === look[name]);
}

/** What takes a figure of window `from` to where it belongs in the frame. */
function carried(from, { window, width }) {
  const wide = window.t1 - window.t0;
  return `translateX(${((from.t0 - window.t0) / wide) * width}px) scaleX(${(from.t1 - from.t0) / wide})`;
}

function setStyle(element, name, value) {
  if (element.style[name] !== value) element.style[name] = value;
}
