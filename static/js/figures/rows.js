// Where each lane goes: the tree of lanes laid out as rows, in pixels from the top. Pure.
//
//     working at once          ▁▂▂▂▁           how many threads with work are on a core
//     python · pid 4242        ────────        process: a line of life
//       GIL                    ▌▐▌▐▌▐▌▐        who holds it
//       ① worker-1             ██░░██░░        measured: prominent
//       ② worker-2             ░░██░░██
//     Cores
//       core 0                 ▌▌▐▐▌▌▐▐
//     3 more lanes …                           they carry no jobs: shown on demand

const GAP = 3;
const GROUP_GAP = 10;
/** More processes than this with a worker each: the worker's row stands for its process and its GIL, too. */
const MANY = 8;
const LONGEST = 19;
const TAIL = 8;

/**
 * lanes: as the interface tells them. options: {collapsed: Set of lane ids, quiet: show the lanes that carry no jobs, cores}.
 * Answers {rows, height, quietCount, hues, hosts, sumScale}; a row is {key, lane, kind, depth, top, height, label, full, foldable, folded, mark};
 * `lane` is null for the rows that are none (`sum`, `group`). `hues`: thread's lane id → number of its colour as a holder, from 0.
 * `hosts`: the threads that carry the work, themselves or by their tasks; `sumScale`: the top of the first row's scale.
 * `placeOf`: lane id → its row, or that of the nearest lane above it which has one.
 */
export function layRows(lanes, { collapsed = new Set(), quiet = false, cores = null } = {}) {
  const known = new Set(lanes.map((lane) => lane.id));
  const children = Map.groupBy(lanes, (lane) => (known.has(lane.parent) ? lane.parent : null));
  const measured = lanes.filter((lane) => lane.measured);
  const busy = withAncestors(lanes, measured);
  const atWork = new Set(lanes.filter((lane) => lane.kind === "thread" && busy.has(lane.id)).map((lane) => lane.parent));
  const hosts = lanes.filter((lane) => lane.kind === "thread" && busy.has(lane.id)).map((lane) => lane.id);
  const names = workerNames(lanes, measured);
  const alone = names.size > MANY ? new Set(measured.filter((lane) => names.has(lane.id)).map((lane) => lane.parent)) : new Set();
  const atWorkThemselves = new Set(measured.map((lane) => lane.id));
  const isQuiet = (lane) => {
    if (measured.length === 0 || lane.kind === "cpu") return false;
    if (lane.kind === "task" && atWorkThemselves.has(lane.parent)) return false;
    if (lane.kind === "interpreter") return !atWork.has(lane.parent) || alone.has(lane.parent);
    return !busy.has(lane.id) || alone.has(lane.id);
  };
  const hues = holderHues(lanes, busy);
  const heights = heightsFor(measured.length, lanes);
  const rows = [];
  const push = (row) => rows.push({ lane: null, depth: 0, foldable: false, folded: false, mark: null, full: row.label, ...row });

  if (measured.length > 1) push({ key: "sum", kind: "sum", label: "working at once", full: "how many workers are on a core, at work, at each moment", height: 46 });

  const walk = (lane, depth) => {
    if (isQuiet(lane) && !quiet) {
      if (alone.has(lane.id)) for (const child of children.get(lane.id) ?? []) walk(child, depth);
      return;
    }
    const below = (children.get(lane.id) ?? []).filter((child) => child.kind !== "cpu" && (quiet || !isQuiet(child) || alone.has(child.id)));
    const folded = collapsed.has(lane.id);
    push({
      key: lane.id,
      lane,
      kind: lane.kind,
      depth,
      label: lane.kind === "interpreter" ? gilName(lane) : shortened(names.get(lane.id) ?? lane.name),
      full: fullName(lane),
      height: heights(lane),
      foldable: below.length > 0,
      folded,
      mark: hues.has(lane.id) && (lane.measured || busy.has(lane.id)) ? hues.get(lane.id) : null,
    });
    if (!folded) for (const child of below.toSorted(byRank(busy))) walk(child, depth + 1);
  };
  for (const root of (children.get(null) ?? []).filter((lane) => lane.kind !== "cpu").toSorted(byRank(busy))) walk(root, 0);

  const cpus = lanes.filter((lane) => lane.kind === "cpu").toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  if (cpus.length) push({ key: "cores", kind: "group", label: "Cores", full: "which thread each core was running", height: 22, foldable: true, folded: collapsed.has("cores") });
  if (!collapsed.has("cores")) for (const lane of cpus) push({ key: lane.id, lane, kind: "cpu", depth: 1, label: lane.name, full: fullName(lane), height: heights(lane) });

  let top = 4;
  for (const row of rows) {
    if (row !== rows[0] && (row.depth === 0 || row.kind === "group")) top += GROUP_GAP - GAP;
    row.top = top;
    top += row.height + GAP;
  }
  const scale = Math.max(2, Math.min(cores ?? Infinity, hosts.length));
  return { rows, placeOf: places(lanes, rows), height: top + 4, quietCount: lanes.filter(isQuiet).length, hues, hosts, sumScale: scale };
}

/** lane id → what to call it: a process' only worker goes by the name of its process, not by "MainThread" like all the others. */
export function workerNames(lanes, measured = lanes.filter((lane) => lane.measured)) {
  const processes = new Map(lanes.filter((lane) => lane.kind === "process").map((lane) => [lane.id, lane]));
  const byProcess = Map.groupBy(measured.filter((lane) => lane.kind === "thread" && processes.has(lane.parent)), (lane) => lane.parent);
  if (byProcess.size < 2) return new Map();
  return new Map([...byProcess].filter(([, workers]) => workers.length === 1).map(([parent, [worker]]) => [worker.id, processes.get(parent).name]));
}

/** The row at this height, or null in a gap. */
export function rowAt(rows, y) {
  return rows.find((row) => y >= row.top - 1 && y < row.top + row.height + GAP - 1) ?? null;
}

export function fullName(lane) {
  const who = lane.kind === "interpreter" ? gilName(lane) : lane.name;
  const ids = [lane.pid !== null && lane.kind !== "cpu" && `process ${lane.pid}`, lane.tid !== null && lane.kind === "thread" && `thread ${lane.tid}`].filter(Boolean).join(", ");
  const quality = lane.exactness === "exact" ? "" : ` · ${lane.exactness}`;
  return `${who}${ids ? ` (${ids})` : ""}${quality}${lane.note ? ` · ${lane.note}` : ""}`;
}

/** Names that differ at their end stay different: "ThreadPool…utor-0_1". */
export function shortened(name) {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - TAIL - 1)}…${name.slice(-TAIL)}` : name;
}

/** "GIL", or "GIL of interpreter 2" where a process has several. */
export function gilName({ name }) {
  return name?.startsWith("GIL") ? name : "GIL";
}

function places(lanes, rows) {
  const parents = new Map(lanes.map((lane) => [lane.id, lane.parent]));
  const found = new Map(rows.filter((row) => row.lane).map((row) => [row.lane.id, row]));
  for (const { id } of lanes) {
    const seen = new Set();
    let at = id;
    while (at !== null && at !== undefined && !found.has(at) && !seen.has(at)) {
      seen.add(at);
      at = parents.get(at);
    }
    if (found.has(at)) found.set(id, found.get(at));
  }
  return found;
}

function withAncestors(lanes, some) {
  const byId = new Map(lanes.map((lane) => [lane.id, lane]));
  const found = new Set();
  for (let lane of some) {
    while (lane && !found.has(lane.id)) {
      found.add(lane.id);
      lane = byId.get(lane.parent);
    }
  }
  return found;
}

function holderHues(lanes, busy) {
  const threads = lanes.filter((lane) => lane.kind === "thread");
  const ranked = [...threads.filter((lane) => lane.measured), ...threads.filter((lane) => !lane.measured && busy.has(lane.id))];
  return new Map(ranked.map((lane, number) => [lane.id, number]));
}

/** The GIL first, then what carries jobs, then the rest: the main thread before the others, tasks by their beginning, else by name. */
function byRank(busy) {
  const isMain = (lane) => lane.kind === "thread" && lane.tid === lane.pid;
  const rank = (lane) => (lane.kind === "interpreter" ? 0 : !busy.has(lane.id) ? 3 : isMain(lane) ? 1 : 2);
  const begun = (a, b) => (a.kind === "task" && b.kind === "task" ? a.start_ns - b.start_ns : 0);
  return (a, b) => rank(a) - rank(b) || begun(a, b) || a.name.localeCompare(b.name, "en", { numeric: true }) || a.id - b.id;
}

function heightsFor(measured, lanes) {
  const worker = measured <= 4 ? 38 : measured <= 8 ? 32 : measured <= 16 ? 26 : measured <= 32 ? 20 : 16;
  const interpreters = lanes.filter((lane) => lane.kind === "interpreter").length;
  const cpus = lanes.filter((lane) => lane.kind === "cpu").length;
  return (lane) => {
    if (lane.measured) return worker;
    if (lane.kind === "interpreter") return interpreters <= 2 ? 26 : measured <= 8 ? 18 : 12;
    if (lane.kind === "cpu") return cpus <= 8 ? 20 : 12;
    if (lane.kind === "process") return 22;
    return 16;
  };
}
