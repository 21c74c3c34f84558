// The timeline: lanes, picture, bars, axis; zoom and pan, choosing and selecting; live and finished by the same code. A component: several may
// stand on one page, each within its root, and all it knows of the reader is the view state that it was given.
//
//   growth, zoom, pan, scroll ──▶ state ──▶ draw what is here, with the next frame
//                                      └──▶ ask the source for what is not, and draw again; the old picture stays until then
//
//   rooms: extent (how long) · window (where) · shelf (which lanes) · loading (what to ask) · drawing · overlay · selecting · choice (of a
//   lane and a segment) · tip · input · tools · minimap

import { placeIn } from "../figures/frame.js";
import { paced } from "../lib/paced.js";
import { fitted } from "../lib/window.js";
import { startLabels } from "./lane-labels.js";
import { startMinimap } from "./minimap.js";
import { startChoice } from "./timeline-choice.js";
import { REDRAW_MS, startDrawing } from "./timeline-drawing.js";
import { extentOf } from "./timeline-extent.js";
import { listen } from "./timeline-input.js";
import { startLoading } from "./timeline-loading.js";
import { startOverlay } from "./timeline-overlay.js";
import { furnish } from "./timeline-parts.js";
import { startSelecting } from "./timeline-selecting.js";
import { startShelf } from "./timeline-shelf.js";
import { startTip } from "./timeline-tip.js";
import { startTools } from "./timeline-tools.js";
import { startWindow } from "./timeline-window.js";

const ZOOM_STEP = 1.35;
const PAN_STEP = 0.15;
const ROW_PX = 48;
const ignore = () => {};

/**
 * startTimeline(root, options): root's parts are described in timeline-parts.js: an empty element will do. options:
 *   source      where the facts come from (data/source.js)
 *   state       the view state, an `observable` (lib/viewstate.js). The timeline follows every change of it, whoever makes it
 *   span()      ns; the horizon, so that several share one time scale; null: the trace's own length
 *   compact     whether rows are low and only lanes have some, so that many timelines find room on a page
 *   keys        "page": keys are heard all over the page; "focus": only within root
 *   onView(view), onProblem(error | null), onStrange()     a new picture; what went wrong with a question; lanes nobody has told about
 *   onOutside({t0, t1}, ns)                                the window lay outside the trace, which is ns long: now all of it is shown
 *   onSearch(), onHelp()                                   the reader pressed / or ?
 *
 * Answers
 *   setLanes(lanes), setCores(n)   what there is to show
 *   grow(ns), finish(ns)           the trace is live and so long; it is over and so long for good
 *   show({t0, t1})                 moves there and scrolls the timeline into sight; for links of findings and the like
 *   reveal(laneId)                 unfolds, unhides and scrolls until the lane is on screen
 *   highlight({segments: [{lane, start_ns, end_ns}], edges: [{kind, from_lane, from_ns, to_lane, to_ns}]} | null)
 *   window()                       {t0, t1} as shown, never null
 *   segment()                      the chosen segment as the view tells it, null while none is chosen or known
 *   laid(), view()                 the rows (figures/rows.js) and the last picture; null before the first
 *   picture()                      what is on screen as a Plotly figure {data, layout} that stands alone, for views/plot.js `imageOf`
 *   redraw()                       draws with the next frame
 * Root tells what is shown: data-window "t0-t1", data-resolution exact|aggregated, data-live growing|paused|over, data-chosen "lane@t";
 * `.plot` tells in data-painted which view its picture is of (t0-t1-ns per column), in data-view the same of its bars and axis, which the
 * first time come a little later; it counts drawings in data-drawn and tells the newest instant in data-grown.
 */
export function startTimeline(root, { source, state, span = () => null, compact = false, keys = "page", onView = ignore, onProblem = ignore, onStrange = ignore, onOutside = ignore, onSearch = ignore, onHelp = ignore }) {
  const parts = furnish(root);
  const extent = extentOf(span);
  let view = null;
  let gesturing = false;
  let calm = false;
  let lit = null;

  const window = startWindow(state, extent, changed);
  const shelf = startShelf(state, () => {
    tools.kinds(shelf.tree);
    drawing.schedule();
    if (view) loading.refresh();
  }, { compact });
  const stage = {
    window: window.shown,
    frame: () => drawing.frame(),
    laid: () => shelf.laid,
    lanes: () => shelf.tree.byId,
    view: () => view,
    end: () => extent.end,
    awaits: () => loading.awaits(),
    cursor: () => choice.cursor,
    over: () => ({ selection: state.now.selection, chosen: choice.segment(), cursor: document.activeElement === parts.lanes ? choice.cursor : null, highlight: lit }),
    labels: startLabels(parts, {
      onFold: shelf.fold,
      onPin: shelf.pin,
      onMove: shelf.move,
      onDrop: shelf.drop,
      onCurrent: (lane) => choice.put(lane),
    }),
    overlay: startOverlay(parts, (edges) => selecting.stretch(edges)),
    onScroll: () => view && loading.refresh(),
    onResize: () => view && loading.refresh(),
  };
  const tip = startTip(parts, stage);
  const selecting = startSelecting(parts, state, stage, changed);
  const tools = startTools(parts, state, (name) => acts[name]?.());
  const drawing = startDrawing(parts, stage, (frame, now) => {
    tools.tell(now, frame, shelf.laid);
    minimap?.draw();
    tip.refresh();
  });
  const choice = startChoice(parts, { source, state, stage, tip }, { onChange: changed, onReveal: reveal, onLook: window.leap });
  const loading = startLoading({
    source,
    extent,
    frame: drawing.frame,
    laid: stage.laid,
    view: stage.view,
    arrows: () => state.now.arrows,
    done(found) {
      view = found;
      onProblem(null);
      if (view.lanes.some((lane) => !shelf.tree.byId.has(lane))) onStrange();
      choice.resolve();
      onView(view);
      drawing.schedule({ calm: extent.live });
    },
    failed(error) {
      onProblem(error);
      drawing.schedule();
    },
  });
  const minimap = parts.minimap ? startMinimap(parts.minimap, { source, extent, tree: () => shelf.tree, window: window.shown, onMove: window.move }) : null;
  const grown = paced(() => {
    calm = true;
    window.slide();
    loading.ask();
    minimap?.refresh();
    changed();
    calm = false;
  }, REDRAW_MS);

  const acts = {
    zoomIn: () => window.zoom(1 / ZOOM_STEP, pointer()),
    zoomOut: () => window.zoom(ZOOM_STEP, pointer()),
    panLeft: () => window.pan(-PAN_STEP),
    panRight: () => window.pan(PAN_STEP),
    whole: () => window.leap(null),
    back: window.back,
    forward: window.forward,
    laneUp: () => choice.lane(-1),
    laneDown: () => choice.lane(1),
    choose: () => choice.enter(),
    next: () => choice.step(1),
    previous: () => choice.step(-1),
    focus: () => choice.focus((wanted) => fitted(wanted, extent.horizon)),
    mark() {
      const segment = choice.segment();
      selecting.select(segment ? { t0: segment.start_ns, t1: Math.max(segment.start_ns + 1, segment.end_ns) } : window.shown());
    },
    clear() {
      tip.point(null);
      if (selecting.on) selecting.toggle();
      else if (state.now.chosen) state.change({ chosen: null });
      else if (state.now.selection) state.change({ selection: null });
      else if (state.now.find) state.change({ find: "" });
    },
    pin: () => choice.cursor !== null && shelf.pin(choice.cursor),
    fold: () => choice.cursor !== null && foldNear(choice.cursor),
    raise: () => choice.cursor !== null && shelf.move(choice.cursor, -1),
    lower: () => choice.cursor !== null && shelf.move(choice.cursor, 1),
    follow: window.follow,
    pause: () => pause(!extent.paused),
    arrows: () => state.change({ arrows: !state.now.arrows }),
    quiet: () => state.change({ quiet: !state.now.quiet }),
    select: selecting.toggle,
    search: onSearch,
    help: onHelp,
  };
  let pointed = null;
  const pointer = () => pointed ?? 0.5;
  listen(
    parts,
    {
      ...acts,
      zoomAt: window.zoom,
      pan: window.pan,
      scroll: (px) => parts.lanes.scrollBy(0, px),
      point(at) {
        pointed = at ? at.x / drawing.frame().width : null;
        tip.point(gesturing ? null : at);
      },
      press: (at) => (parts.lanes.focus({ preventScroll: true }), choice.press(at)),
      select: selecting.draw,
      selects: () => selecting.on,
      gesture(on) {
        gesturing = on;
        parts.surface.dataset.busy = on ? "yes" : "no";
        if (!on) loading.refresh({ urgent: true });
      },
    },
    keys,
  );
  for (const event of ["focus", "blur"]) parts.lanes.addEventListener(event, () => drawing.schedule());
  parts.lanes.addEventListener("blur", () => tip.point(null));

  state.on((now, before) => {
    if (now.window !== before.window && view) loading.refresh({ urgent: !gesturing });
    if (now.arrows !== before.arrows) {
      if (!now.arrows && view) view = { ...view, edges: [], edges_in_window: null };
      loading.ask({ urgent: true });
    }
    changed();
  });

  /** Everything that depends on the state but the picture: what the buttons say, what root tells. */
  function changed() {
    const { chosen, selection, arrows, quiet } = state.now;
    tools.update({
      pressed: new Set([...window.pressed(), extent.paused && "pause", arrows && "arrows", quiet && "quiet", selecting.on && "select"]),
      disabled: new Set(window.disabled()),
      hidden: new Set(extent.live || extent.paused ? (extent.live ? [] : ["follow"]) : ["follow", "pause"]),
    });
    const { t0, t1 } = window.shown();
    root.dataset.window = `${t0}-${t1}`;
    root.dataset.chosen = chosen ? `${chosen.lane}@${chosen.t}` : "";
    root.dataset.selection = selection ? `${selection.t0}-${selection.t1}` : "";
    root.dataset.live = extent.paused ? "paused" : extent.live ? "growing" : "over";
    // What a run has grown by is drawn when its view is here: drawn twice, it would be seen later.
    if (!calm) drawing.schedule();
  }

  function pause(on) {
    if (!extent.live && !extent.paused) return false;
    extent.pause(on);
    if (!on) {
      loading.ask({ urgent: true });
      minimap?.refresh();
    }
    changed();
    return true;
  }

  /** A lane that has nothing below it folds what it hangs on. */
  function foldNear(id) {
    const lane = shelf.tree.byId.get(id);
    const row = shelf.laid.rowOf.get(id);
    const key = row?.foldable ? id : lane?.kind === "cpu" ? "cores" : lane?.parent;
    if (key === null || key === undefined) return;
    shelf.fold(key);
    if (!row?.foldable && key !== "cores") choice.put(key);
  }

  function reveal(id) {
    shelf.show(id);
    const place = placeIn(drawing.frame(), shelf.laid, id);
    if (!place) return;
    const frame = drawing.frame();
    if (place.top < place.from) parts.lanes.scrollTop = frame.scroll + place.top - place.from - ROW_PX;
    else if (place.bottom > frame.height) parts.lanes.scrollTop = frame.scroll + place.bottom - frame.height + ROW_PX;
  }

  changed();
  return {
    setLanes(lanes) {
      shelf.setLanes(lanes);
      if (!view) loading.ask();
      if (state.now.chosen) choice.resolve();
      minimap?.refresh();
    },
    setCores: shelf.setCores,
    grow(ns) {
      extent.grow(ns);
      if (!extent.paused) grown();
    },
    finish(ns) {
      extent.finish(ns);
      const outside = window.settle();
      if (outside) onOutside(outside, ns);
      changed();
      if (!extent.paused) loading.ask();
      minimap?.refresh();
    },
    show(span) {
      window.leap(span);
      root.scrollIntoView({ block: "nearest" });
    },
    reveal,
    highlight(what) {
      lit = what;
      drawing.schedule();
    },
    window: window.shown,
    segment: choice.segment,
    laid: stage.laid,
    view: stage.view,
    picture: drawing.picture,
    redraw: drawing.schedule,
  };
}
