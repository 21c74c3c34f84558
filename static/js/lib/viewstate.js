// What a reader has made of a timeline: where they look, what they have selected, folded, pinned and searched for. It lives in the
// address, so that a copied link shows the same. Pure.
//
//     ?v=2&t0=…&t1=…&sel=t0-t1[~lane.lane]&at=lane@ns&fold=key.key&pin=lane.lane&move=lane-lane.lane-&hide=kind.kind&find=text&quiet=1&arrows=1&table=1
//
// Everything is optional. Version 1 had no `v` and knew `t0` and `t1` only. An address of a newer version is not guessed at.

export const VERSION = 2;

/** The state of a page that nobody has touched. Immutable, like all states. */
export const UNTOUCHED = Object.freeze({
  /** {t0, t1} in ns; null: the whole trace. */
  window: null,
  /** {t0, t1, lanes: [ids] or null for all}; null: nothing is selected. */
  selection: null,
  /** {lane, t}: the segment that the reader asks about, by an instant in it; null: none. */
  chosen: null,
  /** Keys of rows whose children are hidden: lane ids, or names of groups. */
  folded: Object.freeze([]),
  /** Lane ids that stay on top, in this order. */
  pinned: Object.freeze([]),
  /** [[lane id, id of the lane it comes after, or null to be first]]: where the reader has put lanes among their like, one after the other. */
  moved: Object.freeze([]),
  /** Kinds of lanes that are not shown. */
  hidden: Object.freeze([]),
  /** Only lanes whose names hold this text. */
  find: "",
  /** Whether lanes that carry no jobs are shown, and arrows. */
  quiet: false,
  arrows: false,
  /** Whether the same is shown as a table of numbers, too. */
  table: false,
});

const NS = /^\d{1,16}$/;
const ID = /^\d{1,9}$/;
const MOST = 200;
const KINDS = ["process", "interpreter", "thread", "task", "cpu"];
const UPGRADES = { 1: (query) => query };

/**
 * The state that an address names: {state, problem}. What cannot be read is left out, and `problem` says so in words (null: all is well).
 */
export function readState(search) {
  let query = Object.fromEntries(new URLSearchParams(search));
  const version = query.v === undefined ? 1 : Number(query.v);
  if (!Number.isInteger(version) || version < 1) return { state: UNTOUCHED, problem: `This link names a view “${query.v}” that no gilscope has made: the whole run is shown.` };
  if (version > VERSION) return { state: UNTOUCHED, problem: "This link was made by a newer gilscope, whose view this one cannot read: the whole run is shown. Update gilscope to see what was meant." };
  for (let at = version; at < VERSION; at += 1) query = UPGRADES[at](query);
  const strange = [];
  const read = (name, parse) => {
    if (query[name] === undefined) return null;
    const found = parse(query[name]);
    if (found === null) strange.push(name);
    return found;
  };
  const state = {
    window: query.t0 === undefined && query.t1 === undefined ? null : read(query.t0 === undefined ? "t1" : "t0", () => span(query.t0, query.t1)),
    selection: read("sel", selection),
    chosen: read("at", chosen),
    folded: read("fold", keys) ?? UNTOUCHED.folded,
    pinned: read("pin", ids) ?? UNTOUCHED.pinned,
    moved: read("move", moves) ?? UNTOUCHED.moved,
    hidden: read("hide", kinds) ?? UNTOUCHED.hidden,
    find: (query.find ?? "").slice(0, MOST),
    quiet: query.quiet === "1",
    arrows: query.arrows === "1",
    table: query.table === "1",
  };
  const problem = strange.length ? `This link is damaged: ${strange.map((name) => `“${name}”`).join(" and ")} cannot be read and ${strange.length > 1 ? "are" : "is"} left out.` : null;
  return { state: Object.freeze(state), problem };
}

/** The query of an address that names this state, as an object for `urls.here`. */
export function writeState({ window, selection, chosen, folded, pinned, moved, hidden, find, quiet, arrows, table }) {
  const said = {
    t0: window && Math.round(window.t0),
    t1: window && Math.round(window.t1),
    sel: selection && `${Math.round(selection.t0)}-${Math.round(selection.t1)}${selection.lanes ? `~${selection.lanes.slice(0, MOST).join(".")}` : ""}`,
    at: chosen && `${chosen.lane}@${Math.round(chosen.t)}`,
    fold: folded.slice(0, MOST).join("."),
    pin: pinned.slice(0, MOST).join("."),
    move: moved.slice(-MOST).map(([lane, after]) => `${lane}-${after ?? ""}`).join("."),
    hide: hidden.join("."),
    find,
    quiet: quiet ? "1" : null,
    arrows: arrows ? "1" : null,
    table: table ? "1" : null,
  };
  return Object.values(said).some((value) => value !== null && value !== "") ? { v: VERSION, ...said } : {};
}

/**
 * A state that changes, and who hears of it: {now, change(part), on(listener)}. `listener(now, before)` is called after each change
 * that makes a difference; `on` answers a function that ends it.
 */
export function observable(initial) {
  let now = Object.freeze({ ...UNTOUCHED, ...initial });
  const listeners = new Set();
  return {
    get now() {
      return now;
    },
    change(part) {
      const before = now;
      const next = { ...before, ...part };
      if (Object.keys(next).every((name) => same(next[name], before[name]))) return;
      now = Object.freeze(next);
      for (const listener of [...listeners]) listener(now, before);
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** States are small and plain: what is spelled alike is the same. */
function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function span(t0, t1) {
  return NS.test(t0) && NS.test(t1) && Number(t1) > Number(t0) ? Object.freeze({ t0: Number(t0), t1: Number(t1) }) : null;
}

function selection(text) {
  const [, t0, t1, lanes] = text.match(/^(\d+)-(\d+)(?:~([\d.]*))?$/) ?? [];
  const found = span(t0, t1);
  const named = lanes === undefined ? null : ids(lanes);
  return found && (lanes === undefined || named) ? Object.freeze({ ...found, lanes: named }) : null;
}

function chosen(text) {
  const [lane, t, ...rest] = text.split("@");
  return ID.test(lane) && NS.test(t) && !rest.length ? Object.freeze({ lane: Number(lane), t: Number(t) }) : null;
}

function ids(text) {
  const found = text.split(".").filter(Boolean);
  return found.length <= MOST && found.every((id) => ID.test(id)) ? Object.freeze(found.map(Number)) : null;
}

function keys(text) {
  const found = text.split(".").filter(Boolean);
  return found.length <= MOST && found.every((key) => /^(\d{1,9}|[a-z]{1,20})$/.test(key)) ? Object.freeze(found.map((key) => (ID.test(key) ? Number(key) : key))) : null;
}

function moves(text) {
  const found = text.split(".").filter(Boolean);
  const pair = (one) => one.split("-").map((id) => (id === "" ? null : Number(id)));
  return found.length <= MOST && found.every((one) => /^\d{1,9}-(\d{1,9})?$/.test(one)) ? Object.freeze(found.map((one) => Object.freeze(pair(one)))) : null;
}

function kinds(text) {
  const found = text.split(".").filter(Boolean);
  return found.length <= KINDS.length && found.every((kind) => KINDS.includes(kind)) ? Object.freeze(found) : null;
}
