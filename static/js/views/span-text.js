import { instant } from "../lib/units.js";

/** "from 0 s to 2.03 s": a stretch of time, both ends fine enough for its length. */
export function spanText(t0, t1) {
  return `from ${instant(t0, t0 === 0 ? t1 : (t1 - t0) / 100)} to ${instant(t1, (t1 - t0) / 100)}`;
}
