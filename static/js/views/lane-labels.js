// The names of the lanes, left of the plot: a tree that folds, one row per row of the timeline.

import { h, put } from "../lib/dom.js";
import { HOLDERS } from "../lib/palette.js";

const BEYOND_PX = 600;
const BRIEF = 12;

/**
 * Draws labels for `laid` (from `layRows`) into `element`, those in and near the span {top, bottom}; `onFold(key)` hears of a press on a
 * triangle.
 */
export function drawLabels(element, laid, span, onFold) {
  element.style.height = `${laid.height}px`;
  const near = (row) => row.top + row.height > span.top - BEYOND_PX && row.top < span.bottom + BEYOND_PX;
  put(element, laid.rows.filter(near).map(label));
  element.onclick = (event) => {
    const button = event.target.closest("button[data-fold]");
    if (button) onFold(button.dataset.fold === "cores" ? "cores" : Number(button.dataset.fold));
  };

  function label(row) {
    const fold = row.foldable
      ? h("button", { class: "fold", type: "button", data: { fold: row.key }, "aria-expanded": String(!row.folded), "aria-label": `${row.folded ? "Unfold" : "Fold"} ${row.label}` }, row.folded ? "▸" : "▾")
      : null;
    // A task is seen as well as the thread that runs it, which says so already.
    const exactness = row.lane && row.lane.exactness !== "exact" && row.lane.kind !== "task" ? h("span", { class: "quality", data: { quality: row.lane.exactness } }, row.lane.exactness) : null;
    // "disabled" belongs to the name; longer remarks are told with how lanes were seen.
    const said = row.kind === "interpreter" ? row.lane.note?.split(":")[0].replace(/^GIL /, "") : null;
    const brief = said && said.length <= BRIEF ? said : null;
    const name = h("span", { class: "name" }, row.label);
    return h(
      "div",
      {
        class: "lanelabel",
        title: row.full,
        data: { kind: row.kind, measured: row.lane?.measured ? "yes" : null, lane: row.lane?.id },
        style: { top: `${row.top}px`, height: `${row.height}px`, "padding-left": `${6 + row.depth * 14}px` },
      },
      fold ?? h("span", { class: "nofold" }),
      row.mark === null || row.lane.kind !== "thread" ? null : marker(row.mark),
      name,
      brief ? h("span", { class: "aside" }, brief) : null,
      row.kind === "process" && row.lane.pid !== null ? h("span", { class: "aside" }, `pid ${row.lane.pid}`) : null,
      row.kind === "sum" ? scale(row, laid.sumScale) : null,
      exactness,
    );
  }
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
