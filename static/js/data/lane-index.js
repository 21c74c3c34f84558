// One lane of a file: for how long it was in what, in any window. The arithmetic is that of engine/lane_index.py, number for number.

const MOST_HOLDERS = 8;

/** The first place in a sorted array whose value is at least `value`; with `right`, greater than it. */
export function searchSorted(array, value, right = false, from = 0, to = array.length) {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (right ? array[middle] <= value : array[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Disjoint spells in order: how much time they take before an instant. */
function spellsOf(start, end) {
  const total = new Float64Array(start.length + 1);
  for (let row = 0; row < start.length; row += 1) total[row + 1] = total[row] + end[row] - start[row];
  return {
    before(at) {
      const begun = searchSorted(start, at);
      return begun === 0 ? 0 : total[begun] - Math.max(end[begun - 1] - at, 0);
    },
  };
}

/** columns: of the lane alone, as `segmentsOf` answers them; states: names by number. */
export function laneIndex(columns, states) {
  const [held, busy] = [states.indexOf("held"), states.indexOf("busy")];
  const kept = new Map();

  function spells(key, belongs) {
    if (!kept.has(key)) {
      const rows = [];
      for (let row = 0; row < columns.start.length; row += 1) if (belongs(row)) rows.push(row);
      kept.set(key, spellsOf(Float64Array.from(rows, (row) => columns.start[row]), Float64Array.from(rows, (row) => columns.end[row])));
    }
    return kept.get(key);
  }

  const occupied = (row) => columns.state[row] === held || columns.state[row] === busy;
  const present = [...new Set(columns.state)].sort((a, b) => a - b);
  const holders = [...new Set(columns.ref.filter((ref, row) => ref >= 0 && occupied(row)))].sort((a, b) => a - b);
  const inState = (state) => spells(`state ${state}`, (row) => columns.state[row] === state);
  const byHolder = (ref) => spells(`holder ${ref}`, (row) => columns.ref[row] === ref && occupied(row));

  /** ns in each column between two edges; null if there is none. */
  function parts(spell, edges) {
    const told = new Float64Array(edges.length - 1);
    let before = spell.before(edges[0]);
    let any = false;
    for (let column = 0; column < told.length; column += 1) {
      const after = spell.before(edges[column + 1]);
      told[column] = after - before;
      any ||= after > before;
      before = after;
    }
    return any ? told : null;
  }

  const told = (keys, spell, name, edges) => keys.map((key) => [name(key), parts(spell(key), edges)]).filter(([, part]) => part);

  return {
    columns,
    /** [[state, ns by column]…] of the states that occur, in the order of their numbers. */
    shares: (edges) => told(present, inState, (state) => states[state], edges),
    /** The same by who held the GIL, or had the core. */
    sharesByHolder: (edges) => told(holders, byHolder, String, edges),
    /** The first and the last + 1 of the segments that lie in the window at least in part. */
    bounds: (t0, t1) => [searchSorted(columns.end, t0, true), searchSorted(columns.start, t1)],
    /** [[holder, ns]…] of a spell, longest first. */
    heldBy(start, end) {
      const found = holders.map((ref) => [ref, byHolder(ref).before(end) - byHolder(ref).before(start)]).filter(([, ns]) => ns > 0);
      return found.sort((a, b) => b[1] - a[1]).slice(0, MOST_HOLDERS);
    },
  };
}
