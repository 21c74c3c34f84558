// The row of key figures: a number, its name, and what it means. What is not known says so.

import { h, put } from "../lib/dom.js";
import { NOT_KNOWN, count, duration, percent, ratio } from "../lib/units.js";

const NONE = "–";

/** Shows the figures of a trace object in `element` (a <dl>). */
export function drawKeyFigures(element, { metrics, host, spec }) {
  put(element, figures(metrics ?? {}, host ?? {}, spec).map(figure));
}

function figures(metrics, host, spec) {
  const gil = metrics.gil ?? {};
  const jobs = metrics.jobs ?? {};
  const switches = metrics.switches ?? {};
  const queue = metrics.queue_wait_ns;
  const without = spec.interpreter?.free_threaded && !spec.interpreter.gil_enabled;
  const program = Boolean(spec.program?.length);
  const [workers, window] = program ? ["threads", "from the first activity of its threads to the last"] : ["workers", "from the first job's start to the last one's end"];
  return [
    { name: "Cores used", value: ratio(metrics.parallelism), of: host.cores ? `of ${host.cores}` : null, hero: true, says: `how many ${workers} were on a core at the same time, on average, ${window}` },
    { name: "Wall time", value: duration(metrics.wall_ns), says: window },
    { name: "CPU time", value: duration(metrics.cpu_ns), says: `time on cores, summed over the ${workers}` },
    { name: "Waiting for the GIL", value: without ? NONE : share(gil.wait_ns, metrics.states), says: "share of their time in which they wanted the GIL and another thread had it", of: without ? "no GIL" : null, note: gil.wait_ns ? `${duration(gil.wait_ns)} in all` : null },
    { name: "GIL hand-offs", value: without ? NONE : count(gil.seen_handoffs), of: without ? "no GIL" : known(gil.handoffs) ? `seen of ${count(gil.handoffs)}` : known(gil.seen_handoffs) ? "seen" : null, says: "how often the GIL went from one thread to another: those this trace shows, of those CPython itself counted" },
    { name: "Context switches", value: count(total(switches)), note: total(switches) ? `${percent(switches.voluntary / total(switches))} voluntary` : null, says: "how often the kernel took a worker off a core: voluntary, because it waited for something, or not, because others wanted the core" },
    ...(queue ? [{ name: "Queue wait", value: duration(queue.median), note: `median of ${count(queue.count)}, at most ${duration(queue.max)}`, says: "how long work that was handed to a pool waited until a worker began it" }] : []),
    { name: "Jobs done", value: count(jobs.completed), of: known(jobs.total) ? `of ${count(jobs.total)}` : null, note: jobs.failed ? `${count(jobs.failed)} failed` : null, says: "jobs that came to their end without an error" },
    ...(known(metrics.speedup) ? [{ name: "Speedup", value: `${ratio(metrics.speedup)}×`, says: "elapsed time of the latest sequential run of the same work, over that of this one", note: "against sequential" }] : []),
  ].filter(({ name }) => !(spec.model === "sequential" && name === "Speedup") && !(program && (name === "Speedup" || name === "Jobs done")));
}

function figure({ name, value, of, note, says, hero }) {
  const unknown = value === NOT_KNOWN;
  return h(
    "div",
    { class: hero ? "keyfigure hero" : "keyfigure", title: says, data: { figure: name } },
    h("dt", {}, name),
    h("dd", {}, h("span", { class: unknown ? "value unknown" : "value" }, ...split(value, unknown)), of && !unknown ? [" ", h("span", { class: "of" }, of)] : null),
    note ? h("dd", { class: "note" }, note) : null,
    h("dd", { class: "visually-hidden" }, says),
  );
}

/** "1.23 s" as a number and its unit, so that the unit can be quieter. */
function split(value, unknown) {
  const at = unknown ? -1 : value.lastIndexOf(" ");
  return at < 0 || value.indexOf(" ") !== at ? [value] : [value.slice(0, at), h("span", { class: "unit" }, ` ${value.slice(at + 1)}`)];
}

function share(ns, states) {
  if (!known(ns)) return NOT_KNOWN;
  const lived = Object.entries(states ?? {}).reduce((sum, [name, spent]) => (name === "unknown" || name === "crashed" ? sum : sum + spent), 0);
  return lived ? percent(ns / lived) : NOT_KNOWN;
}

function total({ voluntary, involuntary }) {
  return known(voluntary) && known(involuntary) ? voluntary + involuntary : null;
}

function known(value) {
  return value !== null && value !== undefined;
}
