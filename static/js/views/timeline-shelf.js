// Which lanes are there, and in what order they stand: the tree, laid out as the reader has folded, pinned, moved and filtered it.

import { treeOf } from "../figures/lane-tree.js";
import { layRows } from "../figures/rows.js";

/** startShelf(state, onLaid(), {compact}): `state` is the observable one; `onLaid` hears of every new layout. */
export function startShelf(state, onLaid, { compact = false } = {}) {
  let tree = treeOf([]);
  let cores = null;
  let laid = layRows(tree, { compact });

  function relay() {
    laid = layRows(tree, { ...state.now, cores, compact });
    onLaid();
  }

  state.on((now, before) => {
    if (["folded", "pinned", "moved", "hidden", "find", "quiet"].some((name) => now[name] !== before[name])) relay();
  });

  /** The lanes among which one stands, in their present order. */
  function like(id) {
    const lane = tree.byId.get(id);
    return laid.rows.filter((row) => row.lane && !row.pinned && row.lane.parent === lane?.parent && (row.kind === "cpu") === (lane?.kind === "cpu")).map((row) => row.lane.id);
  }

  const putAfter = (id, after) => state.change({ moved: [...state.now.moved.filter(([lane]) => lane !== id), [id, after]] });

  return {
    get tree() {
      return tree;
    },
    get laid() {
      return laid;
    },
    setLanes(lanes) {
      tree = treeOf(lanes);
      relay();
    },
    /** How many cores the machine has; null while nobody has told. */
    setCores(number) {
      if (cores === number) return;
      cores = number;
      relay();
    },
    fold(key) {
      const { folded } = state.now;
      state.change({ folded: folded.includes(key) ? folded.filter((one) => one !== key) : [...folded, key] });
    },
    pin(id) {
      const { pinned } = state.now;
      state.change({ pinned: pinned.includes(id) ? pinned.filter((one) => one !== id) : [...pinned, id] });
    },
    /** One place up (-1) or down (1) among its like. */
    move(id, by) {
      const others = like(id);
      const at = others.indexOf(id) + by;
      if (!others.includes(id) || at < 0 || at >= others.length) return;
      putAfter(id, by > 0 ? others[at] : (others[at - 1] ?? null));
    },
    /** Before or after another; only among its like. */
    drop(id, other, after) {
      const others = like(id).filter((one) => one !== id);
      if (!others.includes(other)) return;
      putAfter(id, after ? other : (others[others.indexOf(other) - 1] ?? null));
    },
    /** Makes sure that a lane has a row: unfolds what is above it, shows what is hidden. */
    show(id) {
      const above = [];
      for (let lane = tree.byId.get(id); lane && above.length < tree.lanes.length; lane = tree.byId.get(lane.parent)) above.push(lane.id);
      if (!above.length || laid.rowOf.has(id)) return;
      const lane = tree.byId.get(id);
      state.change({ folded: state.now.folded.filter((key) => !above.slice(1).includes(key) && !(key === "cores" && lane.kind === "cpu")), hidden: state.now.hidden.filter((kind) => kind !== lane.kind) });
      if (!laid.rowOf.has(id)) state.change({ find: "" });
      if (!laid.rowOf.has(id)) state.change({ quiet: true });
    },
  };
}
