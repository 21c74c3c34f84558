// The selection: a stretch of time, of all lanes or of some; drawn with the pointer, or taken from what is chosen or shown.

import { rowIn, timeAt } from "../figures/frame.js";

/** startSelecting({surface}, state, stage, onMode()): `stage` answers frame() and laid(); `onMode` hears when a plain drag begins or ends to select. */
export function startSelecting({ surface }, state, stage, onMode) {
  let on = false;

  function select({ t0, t1, lanes = null }) {
    const [start, end] = [Math.round(t0), Math.round(t1)];
    state.change({ selection: end > start ? { t0: start, t1: end, lanes } : null });
  }

  function mode(now) {
    on = now;
    surface.dataset.selects = on ? "yes" : "no";
    onMode();
  }

  return {
    select,
    /** Its edges moved, its lanes as they were. */
    stretch: ({ t0, t1 }) => select({ ...state.now.selection, t0, t1 }),
    /** What was drawn from corner to corner: a time; and lanes, if it is taller than one row. `over`: the pointer has been lifted. */
    draw({ x0, x1, y0, y1 }, over) {
      const frame = stage.frame();
      const laid = stage.laid();
      const [t0, t1] = [x0, x1].map((x) => Math.max(0, timeAt(frame, Math.max(0, Math.min(frame.width, x)))));
      const lanes = frame.rows.filter(({ row }) => row.lane);
      const touched = lanes.filter(({ top, height, from }) => top + height > y0 && Math.max(top, from) < y1).map(({ row }) => row.lane.id);
      const apart = rowIn(frame, laid, y0) !== rowIn(frame, laid, y1);
      select({ t0, t1, lanes: apart && touched.length && touched.length < lanes.length ? touched : null });
      if (over) mode(false);
    },
    toggle: () => mode(!on),
    get on() {
      return on;
    },
  };
}
