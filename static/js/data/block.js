// Segments as columns, from the block that they are stored in (engine/trace/segments.py writes it and says how).
//
//     "GSB1" count length │ deflated: six columns, each one byte for its width, then so many planes of bytes
//
// The columns are lane (steps), gap before, duration, state, detail + 1, ref + 1, all folded so that small negatives stay small.

const HEAD = 12;
const COLUMNS = 6;

/** {count, lane, start, end, state, detail, ref}: typed arrays, by lane and start; times are ns as doubles, -1 is none. */
export async function segmentsOf(block) {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (String.fromCharCode(...block.subarray(0, 4)) !== "GSB1" || view.getUint32(8, true) !== block.byteLength - HEAD) throw new Error("The segments in this file are damaged.");
  const count = view.getUint32(4, true);
  const raw = await inflated(block.subarray(HEAD));
  const columns = [];
  let at = 0;
  for (let column = 0; column < COLUMNS; column += 1) {
    const width = raw[at];
    columns.push(unshuffled(raw, at + 1, width, count));
    at += 1 + width * count;
  }
  if (at !== raw.length) throw new Error("The segments in this file are damaged.");
  return laidOut(count, columns);
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function unshuffled(raw, from, width, count) {
  const values = new Float64Array(count);
  for (let plane = width - 1; plane >= 0; plane -= 1) {
    const start = from + plane * count;
    for (let row = 0; row < count; row += 1) values[row] = values[row] * 256 + raw[start + row];
  }
  // Even numbers are twice a positive one, odd ones twice a negative one less one.
  for (let row = 0; row < count; row += 1) values[row] = values[row] % 2 ? -(values[row] + 1) / 2 : values[row] / 2;
  return values;
}

function laidOut(count, [lanes, gap, duration, state, detail, ref]) {
  const told = { count, lane: new Int32Array(count), start: new Float64Array(count), end: new Float64Array(count), state: Uint8Array.from(state), detail: new Int32Array(count), ref: new Int32Array(count) };
  let lane = 0;
  let end = 0;
  for (let row = 0; row < count; row += 1) {
    if (row === 0 || lanes[row]) end = 0;
    lane += lanes[row];
    told.lane[row] = lane;
    told.start[row] = end + gap[row];
    end = told.start[row] + duration[row];
    told.end[row] = end;
    told.detail[row] = detail[row] - 1;
    told.ref[row] = ref[row] - 1;
  }
  return told;
}
