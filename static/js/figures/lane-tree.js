// The lanes of a trace as a tree, with what about them depends on nothing but themselves: who carries work, who hosts it, what each is
// called, in what order they come. Pure, and made once per set of lanes: folding, pinning and filtering ask it again and again.

const NAMES = new Intl.Collator("en", { numeric: true });
/** More processes than this with a worker each: the worker's row stands for its process and its GIL, too. */
const MANY = 8;

/**
 * lanes: as the interface tells them. Answers
 *   byId      Map(id → lane)
 *   roots     lanes without a parent here, cores excluded; `cores` by number
 *   childrenOf(id)  the lanes below one, in their order: GILs, then what carries jobs, then the rest
 *   measured  those that carry jobs themselves
 *   hosts     ids of the threads that carry the work, themselves or by their tasks
 *   names     Map(id → name), of workers that go by the name of their process
 *   alone     ids of processes whose one worker stands for them
 *   isQuiet(lane)   whether a lane carries no jobs, nor anything that does
 *   hues      Map(thread's id → number of its colour as a holder, from 0)
 */
export function treeOf(lanes) {
  const byId = new Map(lanes.map((lane) => [lane.id, lane]));
  const measured = lanes.filter((lane) => lane.measured);
  const busy = withAncestors(byId, measured);
  const names = workerNames(lanes, measured);
  const compare = byRank(busy);
  const cores = lanes.filter((lane) => lane.kind === "cpu").toSorted((a, b) => NAMES.compare(a.name, b.name));
  const children = Map.groupBy(
    lanes.filter((lane) => lane.kind !== "cpu"),
    (lane) => (byId.has(lane.parent) ? lane.parent : null),
  );
  for (const group of children.values()) group.sort(compare);
  const threads = lanes.filter((lane) => lane.kind === "thread");
  const hosts = threads.filter((lane) => busy.has(lane.id));
  const alone = names.size > MANY ? new Set(measured.filter((lane) => names.has(lane.id)).map((lane) => lane.parent)) : new Set();
  const atWork = new Set(hosts.map((lane) => lane.parent));
  const atWorkThemselves = new Set(measured.map((lane) => lane.id));
  const isQuiet = (lane) => {
    if (measured.length === 0 || lane.kind === "cpu") return false;
    if (lane.kind === "task" && atWorkThemselves.has(lane.parent)) return false;
    if (lane.kind === "interpreter") return !atWork.has(lane.parent) || alone.has(lane.parent);
    return !busy.has(lane.id) || alone.has(lane.id);
  };
  const ranked = [...threads.filter((lane) => lane.measured), ...hosts.filter((lane) => !lane.measured)];
  return {
    lanes,
    byId,
    roots: children.get(null) ?? [],
    cores,
    childrenOf: (id) => children.get(id) ?? [],
    measured,
    busy,
    hosts: hosts.map((lane) => lane.id),
    names,
    alone,
    isQuiet,
    quietCount: lanes.reduce((sum, lane) => sum + isQuiet(lane), 0),
    hues: new Map(ranked.map((lane, number) => [lane.id, number])),
  };
}

/** lane id → what to call it: a process' only worker goes by the name of its process, not by "MainThread" like all the others. */
export function workerNames(lanes, measured = lanes.filter((lane) => lane.measured)) {
  const processes = new Map(lanes.filter((lane) => lane.kind === "process").map((lane) => [lane.id, lane]));
  const byProcess = Map.groupBy(measured.filter((lane) => lane.kind === "thread" && processes.has(lane.parent)), (lane) => lane.parent);
  if (byProcess.size < 2) return new Map();
  return new Map([...byProcess].filter(([, workers]) => workers.length === 1).map(([parent, [worker]]) => [worker.id, processes.get(parent).name]));
}

function withAncestors(byId, some) {
  const found = new Set();
  for (let lane of some) {
    while (lane && !found.has(lane.id)) {
      found.add(lane.id);
      lane = byId.get(lane.parent);
    }
  }
  return found;
}

/** The GIL first, then what carries jobs, then the rest: the main thread before the others, tasks by their beginning, else by name. */
function byRank(busy) {
  const isMain = (lane) => lane.kind === "thread" && lane.tid === lane.pid;
  const rank = (lane) => (lane.kind === "interpreter" ? 0 : !busy.has(lane.id) ? 3 : isMain(lane) ? 1 : 2);
  const begun = (a, b) => (a.kind === "task" && b.kind === "task" ? a.start_ns - b.start_ns : 0);
  return (a, b) => rank(a) - rank(b) || begun(a, b) || NAMES.compare(a.name, b.name) || a.id - b.id;
}
