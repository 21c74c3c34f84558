// The timeline: lanes, picture, bars, axis; zoom and pan; live and finished by the same code.
//
//   growth, zoom, pan, scroll ──▶ window ──▶ draw what is here, at once
//                                      └──▶ ask the server for what is not, and draw again; the old picture stays until then

import { getView } from "../data/api.js";
import { latest } from "../data/latest.js";
import { paint } from "../figures/picture.js";
import { layRows, rowAt } from "../figures/rows.js";
import { AXIS_HEIGHT, RIGHT, axisUnit, timelineFigure } from "../figures/timeline.js";
import { byId, h, put } from "../lib/dom.js";
import { onThemeChange, readPalette } from "../lib/palette.js";
import { urlOf } from "../lib/raster.js";
import { count, duration } from "../lib/units.js";
import { clamped, covers, panned, request, roundedEnd, zoomed } from "../lib/window.js";
import { drawLabels } from "./lane-labels.js";
import { drawLegend } from "./legend.js";
import { draw, isReady, onPan } from "./plot.js";
import { listen } from "./timeline-input.js";
import { describe } from "./tooltip.js";

const ASK_ALL_LANES = 60;
const LANE_MARGIN_PX = 400;
/** The server answers no more lanes at once. */
const MOST_LANES = 512;
const MOST_HOSTS = 256;
/** More arrows than this are a thicket: then none are drawn. */
const MOST_ARROWS = 300;
const TALLEST_SHARE = 0.72;

/**
 * startTimeline(id, {window, onWindow(window | null), onView(view), onStrange(), onProblem(error)}).
 * `window`: {t0, t1} to begin with, null for the whole trace. `onView` hears of every new picture, `onStrange` of lanes nobody has told
 * about. Answers {setLanes(lanes), setCores(n), grow(ns), finish(ns), show(window), window()}.
 */
export function startTimeline(id, { window: initial, onWindow, onView, onStrange, onProblem }) {
  const root = byId("timeline");
  const [labels, area, plot, tip] = ["labels", "plotarea", "plot", "tooltip"].map((name) => root.querySelector(`.${name}`) ?? byId(name));
  const state = { window: initial, end: 1, live: true, follow: false, lanes: new Map(), cores: null, collapsed: new Set(), quiet: false, arrows: false, view: null, dragging: false, drawn: false };
  let laid = layRows([]);
  let palette = readPalette();
  let scheduled = false;

  const asking = latest({
    run: (query, options) => getView(id, query, options),
    done(view) {
      state.view = view;
      onProblem(null);
      if (view.lanes.some((lane) => !state.lanes.has(lane))) onStrange();
      onView(view);
      schedule();
    },
    failed: onProblem,
    // The browser mostly shares its cores with what is measured: a few pictures a second are plenty.
    everyMs: 160,
  });

  const horizon = () => (state.live ? roundedEnd(state.end) : state.end);
  const shown = () => (state.window ? clamped(state.window, Math.max(horizon(), state.live ? 0 : 1)) : { t0: 0, t1: horizon() });
  const width = () => Math.max(120, area.clientWidth - RIGHT);

  function frame() {
    const tallest = Math.max(220, Math.round(globalThis.innerHeight * TALLEST_SHARE) - AXIS_HEIGHT);
    const height = Math.min(laid.height, tallest);
    const top = Math.max(0, Math.min(root.scrollTop, laid.height - height));
    return { window: shown(), width: width(), height, span: { top, bottom: top + height } };
  }

  function ask(urgent) {
    if (!state.lanes.size && !state.live) return;
    const query = request(shown(), width(), horizon());
    asking.ask({ t0: query.t0, t1: query.t1, px: query.px, lanes: lanesToAsk(), edges: state.arrows ? MOST_ARROWS : null }, { urgent });
  }

  /** All lanes while they are few; else the ones on screen and near it, and those that the first row adds up. */
  function lanesToAsk() {
    if (laid.rows.length <= ASK_ALL_LANES) return null;
    const { span } = frame();
    const near = laid.rows.filter((row) => row.lane && row.top + row.height > span.top - LANE_MARGIN_PX && row.top < span.bottom + LANE_MARGIN_PX);
    return [...new Set([...near.map((row) => row.lane.id), ...laid.hosts.slice(0, MOST_HOSTS)])].slice(0, MOST_LANES).join(",");
  }

  function sharp(window) {
    const ideal = (window.t1 - window.t0) / width();
    return covers(state.view, { t0: window.t0, t1: Math.min(window.t1, horizon()) }) && state.view.ns_per_column <= 2 * Math.max(1, ideal) && state.view.ns_per_column * 4 > ideal;
  }

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      if (!state.dragging) render();
    });
  }

  function render() {
    if (!isReady()) {
      put(plot, h("p", { class: "muted" }, "plotly.js did not load from this server."));
      return;
    }
    const now = frame();
    root.style.height = `${now.height + AXIS_HEIGHT}px`;
    area.style.height = `${laid.height + AXIS_HEIGHT}px`;
    drawLabels(labels, laid, now.span, fold);
    const view = state.view ?? { segments: [], open: [], edges: [], coverage: new Map(), refs: new Map() };
    drawLegend(byId("legend"), view, laid);
    drawArrowNote(view);
    drawBadge(view, now);
    const figure = timelineFigure(view, laid, now, state.view ? picture(now) : null, palette);
    const drawing = draw(plot, figure);
    if (!state.drawn) {
      state.drawn = true;
      drawing.then(() => onPan(plot, dragged, dropped));
    }
    plot.dataset.drawn = String(Number(plot.dataset.drawn ?? 0) + 1);
    plot.dataset.grown = String(view.grown_to_ns ?? 0);
  }

  /** One viewport to either side, as far as the view has it. */
  function picture({ window, width: px, span }) {
    const reach = window.t1 - window.t0;
    const t0 = Math.max(state.view.t0_ns, window.t0 - reach);
    const t1 = Math.min(state.view.t1_ns, window.t1 + reach);
    if (t1 <= t0) return null;
    const image = paint(state.view, laid, span, { t0, t1, width: ((t1 - t0) / reach) * px }, palette);
    return { url: urlOf(image), t0, t1, top: span.top, bottom: span.top + image.height };
  }

  function drawBadge(view, { width: px }) {
    const badge = byId("resolution");
    if (!state.view) return;
    const hidden = view.segments_in_window - view.segments_shown - view.open.length;
    const exact = hidden <= 0;
    const crowd = view.segments_in_window / Math.max(1, (view.columns * view.ns_per_column * px) / Math.max(1, shown().t1 - shown().t0));
    badge.dataset.resolution = exact ? "exact" : "aggregated";
    badge.textContent = exact ? "every segment drawn" : crowd >= 0.95 ? `aggregated: ${crowd < 10 ? crowd.toFixed(1) : count(Math.round(crowd))} segments per pixel` : "short segments aggregated";
    badge.title = exact
      ? "Every recorded segment of this window is drawn as its own bar."
      : `${count(hidden)} of ${count(view.segments_in_window)} segments are too short to see here: each column of pixels shows the share of its ${duration(view.ns_per_column)} that every state takes. Zoom in to see them one by one.`;
  }

  function drawArrowNote({ edges, edges_in_window: there }) {
    const note = byId("arrow-note");
    note.hidden = !state.arrows || there === undefined || there === null || edges.length > 0;
    note.textContent = there ? `${count(there)} arrows here: zoom in to see them` : "no arrows here";
  }

  function fold(key) {
    if (!state.collapsed.delete(key)) state.collapsed.add(key);
    relay();
  }

  function relay() {
    laid = layRows([...state.lanes.values()], { collapsed: state.collapsed, quiet: state.quiet, cores: state.cores });
    const more = byId("quiet");
    more.hidden = !laid.quietCount;
    more.textContent = state.quiet ? "Show fewer lanes" : `Show ${laid.quietCount} more ${laid.quietCount === 1 ? "lane" : "lanes"}`;
    schedule();
    if (laid.rows.length > ASK_ALL_LANES) ask(false);
  }

  function move(window, { urgent = true, follow = false } = {}) {
    const whole = window === null || (window.t0 <= 0 && window.t1 >= horizon());
    state.window = whole ? null : clamped(window, horizon());
    state.follow = follow;
    byId("follow").setAttribute("aria-pressed", String(state.follow || state.window === null));
    byId("whole").disabled = state.window === null;
    onWindow(state.window);
    schedule();
    if (!sharp(shown())) ask(urgent);
  }

  function toWindow(range) {
    const unit = axisUnit(shown());
    return { t0: range[0] * unit.ns, t1: range[1] * unit.ns };
  }

  function dragged() {
    state.dragging = true;
    point(null);
  }

  function dropped(range) {
    state.dragging = false;
    move(toWindow(range));
  }

  function point(at) {
    const target = at && !state.dragging && state.view ? at : null;
    const now = frame();
    const row = target && target.x <= now.width && target.y <= now.height ? rowAt(laid.rows, target.y + now.span.top) : null;
    const time = row ? now.window.t0 + (target.x / now.width) * (now.window.t1 - now.window.t0) : 0;
    const content = row ? describe(state.view, laid, row, time, state.lanes) : null;
    tip.hidden = !content;
    if (!content) return;
    put(tip, content);
    const box = plot.getBoundingClientRect();
    const left = Math.min(box.left + target.x + 16, globalThis.innerWidth - tip.offsetWidth - 8);
    const below = box.top + target.y + 20;
    const top = below + tip.offsetHeight > globalThis.innerHeight ? box.top + target.y - tip.offsetHeight - 12 : below;
    tip.style.transform = `translate(${Math.round(Math.max(8, left))}px, ${Math.round(Math.max(8, top))}px)`;
  }

  const zoom = (factor, share) => {
    const now = shown();
    move(zoomed(now, factor, now.t0 + share * (now.t1 - now.t0), horizon()));
  };
  const reset = () => move(null);
  listen(root, plot, { zoom, pan: (share) => move(panned(shown(), share * (shown().t1 - shown().t0), horizon())), reset, point });
  byId("zoom-in").addEventListener("click", () => zoom(0.5, 0.5));
  byId("zoom-out").addEventListener("click", () => zoom(2, 0.5));
  byId("whole").addEventListener("click", reset);
  byId("whole").disabled = state.window === null;
  byId("follow").addEventListener("click", () => (state.follow ? move(state.window) : move(tail(), { follow: true })));
  byId("quiet").addEventListener("click", () => {
    state.quiet = !state.quiet;
    relay();
  });
  byId("arrows").addEventListener("click", () => {
    state.arrows = !state.arrows;
    byId("arrows").setAttribute("aria-pressed", String(state.arrows));
    if (!state.arrows && state.view) state.view = { ...state.view, edges: [], edges_in_window: null };
    schedule();
    ask(true);
  });
  root.addEventListener("scroll", () => {
    schedule();
    if (laid.rows.length > ASK_ALL_LANES) ask(false);
  });
  new ResizeObserver(() => {
    schedule();
    if (state.view && !sharp(shown())) ask(false);
  }).observe(area);
  onThemeChange(() => {
    palette = readPalette();
    schedule();
  });

  /** The window slid so that its right edge is the newest instant; the whole trace when nothing is zoomed. */
  function tail() {
    if (!state.window) return null;
    const wide = state.window.t1 - state.window.t0;
    return { t0: Math.max(0, state.end - wide), t1: Math.max(wide, state.end) };
  }

  return {
    setLanes(lanes) {
      state.lanes = new Map(lanes.map((lane) => [lane.id, lane]));
      relay();
      if (!state.view) ask(false);
    },
    /** How many cores the machine has; null while nobody has told. */
    setCores(cores) {
      if (state.cores === cores) return;
      state.cores = cores;
      relay();
    },
    /** The trace is live and now this long. */
    grow(ns) {
      state.end = Math.max(state.end, ns);
      byId("follow").hidden = false;
      if (state.follow && state.window) state.window = clamped(tail(), horizon());
      ask(false);
    },
    /** The trace has ended: from here on it is `ns` long for good. */
    finish(ns) {
      state.live = false;
      state.end = Math.max(1, ns);
      state.follow = false;
      byId("follow").hidden = true;
      if (state.window) state.window = clamped(state.window, state.end);
      schedule();
      ask(false);
    },
    /** Moves to a window that somebody else has chosen. */
    show(window) {
      move(window);
      root.scrollIntoView({ block: "nearest" });
    },
    window: () => state.window,
  };
}
