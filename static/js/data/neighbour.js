// The segment before or after one, of the same lane, however far away: from the picture where it has it for sure, else from the source.

const COLUMNS = 4096;
const WIDER = 16;

/**
 * neighbourOf(segment, by, {source, view, end}): the next (by = 1) or previous (-1) segment of its lane, null at the end of the trace.
 * What borders on it is in the picture or nowhere nearer; for anything else ever wider stretches are asked about until one holds a segment,
 * then narrower ones until none in it is too short to be told.
 */
export async function neighbourOf(segment, by, { source, view, end }) {
  const border = by > 0 ? segment.end_ns : segment.start_ns;
  const isBeside = (one) => one.lane === segment.lane && (by > 0 ? one.start_ns >= border : one.end_ns <= border);
  const nearest = (found) => found.filter(isBeside).sort((a, b) => by * (a.start_ns - b.start_ns))[0] ?? null;
  const touching = view && nearest([...view.segments, ...view.open].filter((one) => (by > 0 ? one.start_ns : one.end_ns) === border));
  if (touching) return touching;

  let reach = COLUMNS;
  let best = null;
  let widening = true;
  while (reach >= COLUMNS) {
    const [t0, t1] = by > 0 ? [border, border + reach] : [Math.max(0, border - reach), border];
    if (t0 >= end || t1 <= 0) break;
    const answer = await source.view({ t0, t1, px: COLUMNS, lanes: String(segment.lane) });
    const hidden = answer.segments_in_window - answer.segments_shown - answer.open.length;
    best = nearest([...answer.segments, ...answer.open]) ?? best;
    if (best && (hidden <= 0 || reach === COLUMNS)) return best;
    if (best || hidden > 0) widening = false;
    if (widening && (by > 0 ? t1 >= end : t0 <= 0)) return null;
    reach = widening ? reach * WIDER : reach / 2;
  }
  return best;
}
