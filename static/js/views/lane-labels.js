// The names of the lanes, left of the plot: a tree that folds, one row per row of the timeline. A press on a name makes its lane the current
// one; that one can be pinned and moved by buttons, all of them by dragging their names.

import { rowsBetween } from "../figures/rows.js";
import { h, put } from "../lib/dom.js";
import { HOLDERS } from "../lib/palette.js";

const BEYOND_PX = 500;
const BRIEF = 12;
const DRAG_FROM_PX = 5;

/**
 * startLabels({lid, rows, labels}, {onFold(key), onPin(lane), onMove(lane, by), onDrop(lane, after | null), onCurrent(lane)}): {draw(laid,
 * frame, cursor)}; `cursor` is the id of the current lane, or null.
 */
export function startLabels({ lid, rows, labels }, { onFold, onPin, onMove, onDrop, onCurrent }) {
  let drawn = {};

  function draw(laid, frame, cursor) {
    const from = Math.floor(frame.scroll / BEYOND_PX);
    if (drawn.laid === laid && drawn.cursor === cursor && drawn.from === from && drawn.lid === frame.lid && drawn.height === frame.height) return;
    drawn = { laid, cursor, from, lid: frame.lid, height: frame.height };
    rows.style.height = `${laid.height - frame.lid}px`;
    lid.style.height = `${frame.lid}px`;
    const near = rowsBetween(laid.rows, frame.scroll + frame.lid - BEYOND_PX, frame.scroll + frame.height + 2 * BEYOND_PX);
    put(lid, frame.lid ? rowsBetween(laid.rows, 0, frame.lid).filter((row) => row.pinned).map((row) => label(row, row.top)) : []);
    put(rows, near.filter((row) => !frame.lid || !row.pinned).map((row) => label(row, row.top - frame.lid)));

    function label(row, top) {
      const current = row.lane !== null && row.lane.id === cursor;
      // A task is seen as well as the thread that runs it, which says so already.
      const exactness = row.lane && row.lane.exactness !== "exact" && row.lane.kind !== "task" ? h("span", { class: "quality", data: { quality: row.lane.exactness } }, row.lane.exactness) : null;
      // "disabled" belongs to the name; longer remarks are told with how lanes were seen.
      const said = row.kind === "interpreter" ? row.lane.note?.split(":")[0].replace(/^GIL /, "") : null;
      const brief = said && said.length <= BRIEF ? said : null;
      return h(
        "div",
        {
          class: "lanelabel",
          title: row.full,
          data: { kind: row.kind, measured: row.lane?.measured ? "yes" : null, lane: row.lane?.id, pinned: row.pinned && row.lane ? "yes" : null, current: current ? "yes" : null },
          style: { top: `${top}px`, height: `${row.height}px`, "padding-left": `${6 + row.depth * 14}px` },
        },
        foldButton(row) ?? h("span", { class: "nofold" }),
        row.mark === null || row.lane.kind !== "thread" ? null : marker(row.mark),
        h("span", { class: "name" }, row.label),
        brief ? h("span", { class: "aside" }, brief) : null,
        row.kind === "process" && row.lane.pid !== null ? h("span", { class: "aside" }, `pid ${row.lane.pid}`) : null,
        row.kind === "sum" ? scale(row, laid.sumScale) : null,
        exactness,
        row.lane ? tools(row, current) : null,
      );
    }
  }

  labels.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const lane = laneOf(event.target);
    if (button?.dataset.fold) onFold(button.dataset.fold === "cores" ? "cores" : Number(button.dataset.fold));
    else if (button?.dataset.pin) onPin(lane);
    else if (button?.dataset.move) onMove(lane, Number(button.dataset.move));
    else if (lane !== null) onCurrent(lane);
  });

  let held = null;
  labels.addEventListener("pointerdown", (event) => {
    const label = event.target.closest(".lanelabel[data-lane]");
    held = label && !event.target.closest("button") && event.button === 0 && event.pointerType !== "touch" ? { label, y: event.clientY, over: null, moved: false } : null;
  });
  labels.addEventListener("pointermove", (event) => {
    if (!held || (!held.moved && Math.abs(event.clientY - held.y) < DRAG_FROM_PX)) return;
    held.moved = true;
    labels.setPointerCapture(event.pointerId);
    held.label.dataset.dragged = "yes";
    if (held.over) delete held.over.dataset.drop;
    held.over = document.elementsFromPoint(event.clientX, event.clientY).find((element) => element.matches(".lanelabel[data-lane]") && element !== held.label) ?? null;
    if (held.over) held.over.dataset.drop = isBelow(event, held.over) ? "after" : "before";
  });
  const letGo = (event) => {
    const was = held;
    held = null;
    if (!was?.moved) return;
    delete was.label.dataset.dragged;
    if (!was.over) return;
    const after = was.over.dataset.drop === "after";
    delete was.over.dataset.drop;
    if (event.type === "pointerup") onDrop(Number(was.label.dataset.lane), Number(was.over.dataset.lane), after);
  };
  labels.addEventListener("pointerup", letGo);
  labels.addEventListener("pointercancel", letGo);

  return { draw };
}

function foldButton(row) {
  if (!row.foldable) return null;
  return h("button", { class: "fold", type: "button", data: { fold: row.key }, "aria-expanded": String(!row.folded), "aria-label": `${row.folded ? "Unfold" : "Fold"} ${row.label}` }, row.folded ? "▸" : "▾");
}

/** Of the current lane they are reached by the Tab key; of the others only by the pointer, or there would be thousands to pass. */
function tools(row, current) {
  const tabindex = current ? 0 : -1;
  const button = (data, label, glyph) => h("button", { type: "button", class: "lanetool", tabindex, data, title: label, "aria-label": `${label}: ${row.label}` }, glyph);
  return h(
    "span",
    { class: "lanetools" },
    row.pinned ? null : button({ move: -1 }, "Move up", "↑"),
    row.pinned ? null : button({ move: 1 }, "Move down", "↓"),
    button({ pin: "pin" }, row.pinned ? "Let it scroll again" : "Keep on top", row.pinned ? "✕" : "⊤"),
  );
}

/** The numbers of the first row's scale, at the height of its lines. */
function scale({ height }, most) {
  const marks = most <= 3 ? Array.from({ length: most }, (_, i) => i + 1) : [most];
  return marks.map((mark) => h("span", { class: "scale", style: { top: `${height - ((height - 2) * mark) / most}px` } }, String(mark)));
}

/** The disc by which a thread is known as a holder: its colour and its number. */
export function marker(hue) {
  return h("span", { class: "holdermark", style: { background: `var(--holder-${(hue % HOLDERS) + 1})` } }, String(hue + 1));
}

function laneOf(element) {
  const id = element.closest(".lanelabel")?.dataset.lane;
  return id === undefined ? null : Number(id);
}

function isBelow(event, element) {
  const { top, height } = element.getBoundingClientRect();
  return event.clientY > top + height / 2;
}
