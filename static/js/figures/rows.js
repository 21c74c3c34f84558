// Where each lane goes: the tree of lanes laid out as rows, in pixels from the top. Pure.
//
//     working at once          ▁▂▂▂▁           how many threads with work are on a core    ┐ these stay on top
//     ① worker-1   (pinned)    ██░░██░░                                                    ┘ while the rest scrolls
//     python · pid 4242        ────────        process: a line of life
//       GIL                    ▌▐▌▐▌▐▌▐        who holds it
//       ② worker-2             ░░██░░██        measured: prominent
//     Cores
//       core 0                 ▌▌▐▐▌▌▐▐
//     3 more lanes …                           they carry no jobs: shown on demand

const GAP = 3;
const GROUP_GAP = 10;
const LONGEST = 19;
/** A task in small letters stays whole up to here: what sets it apart stands at the beginning. */
const LONGEST_TASK = 24;
const TAIL = 8;
const DEFAULTS = { folded: [], pinned: [], moved: [], hidden: [], find: "", quiet: false, cores: null, compact: false };

/**
 * tree: from `treeOf`. options, as in the view state: {folded, pinned, moved, hidden, find, quiet}, the machine's `cores`, and `compact`: low
 * rows, and none that adds lanes up.
 * Answers {tree, rows, pinnedHeight, height, quietCount, hues, hosts, sumScale, placeOf, rowOf}. A row is {key, lane, kind, depth, top, height,
 * label, full, foldable, folded, mark, pinned}; `lane` is null for the rows that are none (`sum`, `group`). Rows are sorted by `top`.
 * `pinnedHeight`: how far the rows reach that stay on top. `sumScale`: the top of the first row's scale. `rowOf`: Map(lane id → its row);
 * `placeOf(id)`: that, or the row of the nearest lane above it which has one.
 */
export function layRows(tree, options = {}) {
  const { pinned, hidden, quiet, cores, compact } = { ...DEFAULTS, ...options };
  const folded = new Set(options.folded ?? []);
  const unseen = new Set(hidden);
  const onTop = pinned.map((id) => tree.byId.get(id)).filter(Boolean);
  const lifted = new Set(onTop.map((lane) => lane.id));
  const found = matching(tree, options.find ?? "");
  const sorted = sorter(options.moved ?? []);
  const heights = compact ? compactHeights(tree) : heightsFor(tree);
  const rows = [];
  const push = (row) => rows.push({ lane: null, depth: 0, foldable: false, folded: false, mark: null, pinned: false, full: row.label, ...row });
  const pushLane = (lane, more) => {
    push({
      key: lane.id,
      lane,
      kind: lane.kind,
      label: lane.kind === "interpreter" ? gilName(lane) : shortened(tree.names.get(lane.id) ?? lane.name, lane.kind === "task" && !lane.measured ? LONGEST_TASK : LONGEST),
      full: fullName(lane),
      height: heights(lane),
      mark: tree.hues.has(lane.id) && (lane.measured || tree.busy.has(lane.id)) ? tree.hues.get(lane.id) : null,
      ...more,
    });
  };

  if (tree.measured.length > 1 && !compact) push({ key: "sum", kind: "sum", label: "working at once", full: "how many workers are on a core, at work, at each moment", height: 46, pinned: true });
  for (const lane of onTop) pushLane(lane, { pinned: true });

  const isShown = (lane) => (found ? found.has(lane.id) : quiet || !tree.isQuiet(lane));
  // What one looks for is shown, folded away or not.
  const isFolded = (key) => !found && folded.has(key);
  const walk = (lane, depth) => {
    if (!isShown(lane)) {
      if (tree.alone.has(lane.id)) for (const child of tree.childrenOf(lane.id)) walk(child, depth);
      return;
    }
    const below = tree.childrenOf(lane.id).filter((child) => isShown(child) || tree.alone.has(child.id));
    const own = !unseen.has(lane.kind) && !lifted.has(lane.id);
    const closed = isFolded(lane.id);
    if (own) pushLane(lane, { depth, foldable: below.length > 0, folded: closed });
    if (!closed) for (const child of sorted(below)) walk(child, own ? depth + 1 : depth);
  };
  for (const root of sorted(tree.roots)) walk(root, 0);

  const shownCores = unseen.has("cpu") ? [] : sorted(tree.cores.filter((lane) => !lifted.has(lane.id) && (!found || found.has(lane.id))));
  if (shownCores.length) push({ key: "cores", kind: "group", label: "Cores", full: "which thread each core was running", height: 22, foldable: true, folded: isFolded("cores") });
  if (!isFolded("cores")) for (const lane of shownCores) pushLane(lane, { depth: 1 });

  let top = 4;
  let pinnedHeight = 0;
  for (const row of rows) {
    if (row !== rows[0] && !row.pinned && (row.depth === 0 || row.kind === "group")) top += GROUP_GAP - GAP;
    row.top = top;
    top += row.height + GAP;
    if (row.pinned) pinnedHeight = top;
  }
  const rowOf = new Map(rows.filter((row) => row.lane).map((row) => [row.lane.id, row]));
  const scale = Math.max(2, Math.min(cores ?? Infinity, tree.hosts.length));
  return { tree, rows, rowOf, pinnedHeight, placeOf: (id) => place(tree, rowOf, id), height: top + 4, quietCount: tree.quietCount, hues: tree.hues, hosts: tree.hosts, sumScale: scale };
}

/** The rows that lie between two heights at least in part; found by halving, for there may be thousands. */
export function rowsBetween(rows, top, bottom) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top + rows[middle].height <= top) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < rows.length && rows[last].top < bottom) last += 1;
  return rows.slice(low, last);
}

/** The row at this height, or null in a gap. */
export function rowAt(rows, y) {
  return rowsBetween(rows, y - GAP + 1, y + 2).find((row) => y >= row.top - 1 && y < row.top + row.height + GAP - 1) ?? null;
}

export function fullName(lane) {
  const who = lane.kind === "interpreter" ? gilName(lane) : lane.name;
  const ids = [lane.pid !== null && lane.kind !== "cpu" && `process ${lane.pid}`, lane.tid !== null && lane.kind === "thread" && `thread ${lane.tid}`].filter(Boolean).join(", ");
  const quality = lane.exactness === "exact" ? "" : ` · ${lane.exactness}`;
  return `${who}${ids ? ` (${ids})` : ""}${quality}${lane.note ? ` · ${lane.note}` : ""}`;
}

/** Names that differ at their end stay different: "ThreadPool…utor-0_1". Those no longer than `longest` stay whole. */
export function shortened(name, longest = LONGEST) {
  return name.length > longest ? `${name.slice(0, LONGEST - TAIL - 1)}…${name.slice(-TAIL)}` : name;
}

/** "GIL", or "GIL of interpreter 2" where a process has several. */
export function gilName({ name }) {
  return name?.startsWith("GIL") ? name : "GIL";
}

function place(tree, rowOf, id) {
  const seen = new Set();
  let at = id;
  while (at !== null && at !== undefined && !rowOf.has(at) && !seen.has(at)) {
    seen.add(at);
    at = tree.byId.get(at)?.parent;
  }
  return rowOf.get(at) ?? null;
}

/** The ids of lanes whose names hold the text, and of all above them; null: every lane goes. */
function matching(tree, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return null;
  const found = new Set();
  for (let lane of tree.lanes) {
    const name = `${lane.kind === "interpreter" ? gilName(lane) : lane.name} ${tree.names.get(lane.id) ?? ""}`;
    if (!name.toLowerCase().includes(wanted)) continue;
    while (lane && !found.has(lane.id)) {
      found.add(lane.id);
      lane = tree.byId.get(lane.parent);
    }
  }
  return found;
}

/** Puts lanes where the reader has moved them: `moved` is [[lane, the one it comes after, or null to be first]], one after the other. */
function sorter(moved) {
  if (!moved.length) return (lanes) => lanes;
  return (lanes) => {
    const order = [...lanes];
    for (const [id, after] of moved) {
      const from = order.findIndex((lane) => lane.id === id);
      const behind = after === null ? -1 : order.findIndex((lane) => lane.id === after);
      if (from < 0 || (after !== null && behind < 0)) continue;
      const [lane] = order.splice(from, 1);
      order.splice(after === null ? 0 : order.findIndex((one) => one.id === after) + 1, 0, lane);
    }
    return order;
  };
}

/** As high as leaves a handful of strips room on a screen. */
function compactHeights({ measured }) {
  const worker = Math.max(5, Math.min(18, Math.floor(72 / Math.max(1, measured.length))));
  return (lane) => (lane.measured ? worker : 14);
}

function heightsFor({ measured, lanes, cores }) {
  const many = measured.length;
  const worker = many <= 4 ? 38 : many <= 8 ? 32 : many <= 16 ? 26 : many <= 32 ? 20 : 16;
  const interpreters = lanes.reduce((sum, lane) => sum + (lane.kind === "interpreter"), 0);
  return (lane) => {
    if (lane.measured) return worker;
    if (lane.kind === "interpreter") return interpreters <= 2 ? 26 : many <= 8 ? 18 : 12;
    if (lane.kind === "cpu") return cores.length <= 8 ? 20 : 12;
    if (lane.kind === "process") return 22;
    return 16;
  };
}
