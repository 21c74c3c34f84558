// The small picture of a run in the list: the occupied fractions of its measured lanes, without axis or names.

import { getLanes, getView } from "../data/api.js";
import { paint } from "../figures/picture.js";
import { readPalette } from "../lib/palette.js";
import { urlOf } from "../lib/raster.js";

const WIDTH = 220;
const HEIGHT = 44;
const MOST_LANES = 8;
const kept = new Map();

/** The URL of a finished run's picture, or null when it has no measured lanes. Each is made once. */
export function thumbnail(trace) {
  if (!kept.has(trace.id)) kept.set(trace.id, make(trace).catch(() => null));
  return kept.get(trace.id);
}

export function forgetThumbnails() {
  kept.clear();
}

async function make(trace) {
  const lanes = (await getLanes(trace.id)).filter((lane) => lane.measured).slice(0, MOST_LANES);
  if (!lanes.length) return null;
  const view = await getView(trace.id, { t0: 0, t1: Math.max(1, trace.t_ns ?? 1), px: WIDTH, lanes: lanes.map((lane) => lane.id).join(",") });
  const pitch = Math.max(4, Math.floor(HEIGHT / lanes.length));
  const rows = lanes.map((lane, i) => ({ key: lane.id, lane, kind: lane.kind, top: i * pitch, height: pitch - (pitch > 6 ? 2 : 1) }));
  const laid = { rows, height: rows.length * pitch, hues: new Map(), hosts: [], sumScale: 1 };
  return urlOf(paint(view, laid, { top: 0, bottom: laid.height }, { t0: 0, t1: Math.max(1, trace.t_ns ?? 1), width: WIDTH }, readPalette()));
}
