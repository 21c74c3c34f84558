// The states of lanes in words, in the order in which they are stacked: work at the bottom, waiting above it.

export const STATES = [
  { name: "running", label: "running Python", says: "on a core, executing Python (and holding the GIL, where there is one)" },
  { name: "native", label: "native code", says: "on a core with the GIL released: hashing, compression, a system call" },
  { name: "starting", label: "starting", says: "created, but its job has not begun" },
  { name: "gil_wait", label: "waiting for the GIL", says: "wants to run Python, but another thread holds the GIL" },
  { name: "runnable", label: "waiting for a core", says: "ready to run, but no core was free" },
  { name: "ready", label: "waiting for the loop", says: "scheduled on the event loop, waiting for its turn" },
  { name: "lock_wait", label: "waiting for a lock", says: "blocked on a lock, queue, condition or join" },
  { name: "io_wait", label: "waiting for I/O", says: "blocked on a socket, file, pipe or sleep" },
  { name: "suspended", label: "awaiting", says: "a task that awaits something" },
  { name: "crashed", label: "crashed", says: "ended by a signal or an unhandled exception" },
  { name: "unknown", label: "not observed", says: "no source tells: drawn as a gap, never guessed" },
  { name: "idle", label: "idle", says: "alive, with nothing to do" },
];

const BY_NAME = new Map(STATES.map((state) => [state.name, state]));
const OTHERS = {
  held: "held",
  free: "free",
  busy: "busy",
  exited: "ended",
};

/** A state's name as a person says it. */
export function stateLabel(name) {
  return BY_NAME.get(name)?.label ?? OTHERS[name] ?? name;
}

export function stateSays(name) {
  return BY_NAME.get(name)?.says ?? "";
}

/** States of a lane that mean: on a core, at work. */
export const ON_CORE = ["running", "native"];

export const STATUS_WORDS = {
  queued: "queued",
  starting: "starting",
  running: "running",
  complete: "complete",
  failed: "failed",
  cancelled: "cancelled",
  interrupted: "interrupted",
};

/** A trace whose status can no longer change. */
export function isFinished(status) {
  return ["complete", "failed", "cancelled", "interrupted"].includes(status);
}

/** What each source of a trace is called and does, and what its quality means. */
export const SOURCES = {
  marks: { label: "marks", says: "the measured program notes its own steps in shared memory: jobs, waits, tasks" },
  kernel: { label: "kernel", says: "the kernel tells which thread was on which core, switch by switch" },
  gil: { label: "GIL", says: "who holds the GIL, read from outside the measured interpreter" },
  waits: { label: "waits", says: "the kernel tells what a thread is blocked in where no mark does: a lock, a socket, a sleep" },
  functions: { label: "functions", says: "in which Python function a thread was, read from outside the measured interpreter" },
};

export const QUALITIES = {
  exact: "every event was recorded",
  sampled: "looked at many times a second: short events can be missed",
  inferred: "worked out from the other sources, not seen directly",
  off: "not in use for this trace",
};
