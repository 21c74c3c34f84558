// What a segment's `ref` and `detail` mean, as a person says it.

/** Details of waits for what somebody holds; a queue, an event or a thread's end is nobody's. */
const OF_LOCKS = /^(r?lock|semaphore)\b/i;

/** What a wait was on account of: what is said of the lane that its `ref` names. `where` is the core, where that is
 * known; `growing` waits have not ended. */
const ACCOUNTS = {
  gil_wait: (who) => `GIL held by ${who}`,
  ready: (who) => `loop was running ${who}`,
  runnable: (who, { where }) => `${where ?? "a core"} was running ${who}`,
  lock_wait: (who, { growing, detail }) => (!OF_LOCKS.test(detail?.split(": ").at(-1) ?? "lock") ? `woken by ${who}` : growing ? `held by ${who}` : `released by ${who}`),
  io_wait: (who) => `woken by ${who}`,
  suspended: (who) => `woken by ${who}`,
  idle: (who) => `woken by ${who}`,
};

/** "GIL held by worker-2"; null for states whose `ref` says nothing of that kind. */
export function accountOf(state, who, { growing = false, where = null, detail = null } = {}) {
  return ACCOUNTS[state]?.(who, { growing, where, detail }) ?? null;
}

/** The text with each number and its unit on one line: "22.6 ms" is never broken. null stays null. */
export function together(text) {
  return text?.replaceAll(/(\d) (ns|µs|ms|s|min|h|times|%)(?!\w)/g, "$1\u00a0$2") ?? null;
}

const DETAILS = {
  blocked_holding_gil: "blocked while holding the GIL: nobody else could run Python meanwhile",
  stop_the_world: "the interpreter stopped all its threads for a moment (stop-the-world pause)",
  stopped: "stopped by a signal, until it is told to go on",
};

/** A detail in words: "lock A", or "lock A, blocked while holding the GIL: …". */
export function detailText(detail) {
  const [first, ...rest] = detail.split(": ");
  const target = rest.join(": ");
  if (!DETAILS[first]) return detail.replaceAll("_", " ");
  return target ? `${target}, ${DETAILS[first]}` : DETAILS[first];
}

/** What edges are: who did what to whom; `by` is said of one where it ends. */
export const EDGES = [
  { kind: "spawn", label: "started", says: "a thread or process was started by another", by: "started by", dash: "solid" },
  { kind: "submit", label: "work handed over", says: "work was handed to a pool; the time between is the queue's", by: "work handed over by", dash: "7px,4px" },
  { kind: "release", label: "lock released", says: "a lock was let go, and a waiter woken", by: "lock released by", dash: "1.5px,3px" },
  { kind: "message", label: "message", says: "something was put, sent or set, and received", by: "message from", dash: "7px,3px,1.5px,3px" },
];
