// The lane that the reader is at, and the segment that they ask about: stepping from lane to lane and from segment to segment, by keys and by
// the pointer; beyond what is loaded the source is asked.
//
//     cursor    a lane, while the timeline has the focus; nobody else's business
//     chosen    {lane, t} in the view state; `segment()` is what lies there, null while it is not known

import { rowIn, timeAt } from "../figures/frame.js";
import { fullName } from "../figures/rows.js";
import { stateLabel } from "../lib/states.js";
import { duration, instant } from "../lib/units.js";
import { accountOf, detailText } from "../lib/words.js";
import { neighbourOf } from "../data/neighbour.js";
import { segmentAt } from "./tooltip.js";

/**
 * startChoice({live}, {source, state, stage, tip}, {onChange(), onReveal(lane), onLook(window)}): `stage` answers frame(), laid(), view(),
 * lanes() and end(). `onLook` is asked to show a stretch of time.
 */
export function startChoice({ live }, { source, state, stage, tip }, { onChange, onReveal, onLook }) {
  let cursor = state.now.chosen?.lane ?? null;
  let found = null;
  let known = null;
  let asked = null;
  let told = null;
  let said = "";

  state.on((now, before) => {
    if (now.chosen === before.chosen) return;
    found = known;
    told = null;
    if (now.chosen) cursor = now.chosen.lane;
    else tell("");
    resolve();
    onChange();
  });

  /** Finds the chosen segment: in the picture, else by asking; and says what it is. */
  async function resolve() {
    const { chosen } = state.now;
    if (!chosen) return;
    const view = stage.view();
    const here = view && segmentAt(view, chosen.lane, chosen.t);
    if (here) found = here;
    else if (!found && asked !== chosen) {
      asked = chosen;
      const answer = await source.view({ t0: chosen.t, t1: chosen.t + 1, px: 1, lanes: String(chosen.lane) }).catch(() => null);
      if (state.now.chosen !== chosen) return;
      found = answer && segmentAt(answer, chosen.lane, chosen.t);
      if (answer && !found) tell(`${nameOf(chosen.lane)}: nothing was recorded at ${instant(chosen.t)}`);
    }
    // One that grows is told once, not all the time.
    if (found && told !== found.start_ns) tell(sentence(found));
    told = found?.start_ns ?? null;
    onChange();
  }

  function sentence({ lane, state: name, start_ns: start, end_ns: end, detail, ref }) {
    const who = ref !== null && ref !== undefined && ref >= 0 ? nameOf(ref) : null;
    const account = who && (name === "held" || name === "busy" ? `by ${who}` : accountOf(name, who, { detail }));
    return [nameOf(lane), stateLabel(name), account, detail ? detailText(detail) : null, duration(end - start), `from ${instant(start, Math.max(1, (end - start) / 100))}`].filter(Boolean).join(", ");
  }

  function tell(text) {
    if (text === said) return;
    said = text;
    live.textContent = text;
  }

  const nameOf = (id) => {
    const lane = stage.lanes().get(id);
    return lane ? (stage.laid().rowOf.get(id)?.label ?? fullName(lane)) : `lane ${id}`;
  };
  const middle = () => Math.round((stage.frame().window.t0 + stage.frame().window.t1) / 2);

  /** `segment`: what lies there, if that is known. */
  function choose(lane, t, segment = null) {
    known = segment;
    state.change({ chosen: { lane, t: Math.max(0, Math.floor(t)) } });
    known = null;
  }

  /** The chosen segment's neighbour: 1 next, -1 previous. Without a chosen one, what lies in the middle of the lane. */
  async function step(by) {
    const { chosen } = state.now;
    if (!chosen || (cursor !== null && chosen.lane !== cursor)) return enter();
    if (!found) return undefined;
    const from = found;
    const beside = await neighbourOf(from, by, { source, view: stage.view(), end: stage.end() }).catch(() => null);
    if (found !== from) return undefined;
    if (!beside) return tell(by > 0 ? "This is the last segment of its lane." : "This is the first segment of its lane.");
    choose(beside.lane, beside.start_ns + Math.floor((beside.end_ns - beside.start_ns) / 2), beside);
    const { t0, t1 } = stage.frame().window;
    if (beside.end_ns <= t0 || beside.start_ns >= t1) onLook(around(beside));
    tip.show(null);
    return undefined;
  }

  /** The window as wide as it is, about the middle of a segment. */
  function around({ start_ns: start, end_ns: end }) {
    const { t0, t1 } = stage.frame().window;
    const at = (start + end) / 2;
    return { t0: at - (t1 - t0) / 2, t1: at + (t1 - t0) / 2 };
  }

  function enter() {
    if (cursor === null) return lane(1);
    const { t0, t1 } = stage.frame().window;
    const at = state.now.chosen?.t;
    tip.show(null);
    return choose(cursor, at !== undefined && at >= t0 && at < t1 ? at : middle());
  }

  /** The lane above (-1) or below (1). */
  function lane(by) {
    const rows = stage.laid().rows.filter((row) => row.lane);
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.lane.id === cursor);
    const first = stage.frame().rows.find(({ row }) => row.lane)?.row ?? rows[0];
    const next = at < 0 ? first : rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    put(next.lane.id);
    const t = inWindow(state.now.chosen?.t) ?? middle();
    tip.show({ lane: cursor, t });
    const view = stage.view();
    const here = view && segmentAt(view, cursor, t);
    tell(here ? sentence(here) : fullName(next.lane));
  }

  function inWindow(t) {
    const { t0, t1 } = stage.frame().window;
    return t !== undefined && t >= t0 && t < t1 ? t : null;
  }

  function put(id) {
    cursor = id;
    onReveal(id);
    onChange();
  }

  /** First the chosen segment comes to the middle; when it is there, it fills the window. */
  function focus(fit) {
    if (!found) return;
    const { t0, t1 } = stage.frame().window;
    const off = Math.abs((found.start_ns + found.end_ns) / 2 - (t0 + t1) / 2);
    onReveal(found.lane);
    if (off > 0.01 * (t1 - t0) && found.end_ns - found.start_ns < t1 - t0) onLook(around(found));
    else onLook(fit({ t0: found.start_ns, t1: found.end_ns }));
  }

  return {
    resolve,
    choose,
    step,
    enter,
    lane,
    focus,
    put,
    /** Chooses what lies at a point of the picture; on nothing, nothing. */
    press(at) {
      const frame = stage.frame();
      const row = rowIn(frame, stage.laid(), at.y);
      if (row?.lane) choose(row.lane.id, timeAt(frame, at.x));
    },
    segment: () => found,
    get cursor() {
      return cursor;
    },
    get said() {
      return said;
    },
  };
}
