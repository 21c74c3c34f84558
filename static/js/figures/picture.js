// The occupied fraction of every lane as pixels: in each column the shares of a lane's states are stacked, so that two threads which
// alternate faster than a pixel are both shown half full, never both solid. Pure: numbers in, pixels out.
//
//     100 % ┌──────────────┐
//           │░░░░░░░░░░░░░░│ waiting for the GIL 75 %
//           │██████████████│ running 25 %
//       0 % └──────────────┘ t →

import { STATES } from "../lib/states.js";
import { TILE_HEIGHT, TILE_WIDTH, pixel, tile } from "./patterns.js";

const STACK = STATES.map((state) => state.name).filter((name) => name !== "idle" && name !== "unknown");

/**
 * view: {t0_ns, columns, ns_per_column, coverage: Map(lane → {state: bytes}), refs: Map(lane → {ref: bytes})}; laid: from `layRows`;
 * `rows` may be fewer, with a `from` in px above which nothing of one is painted; span: {top, bottom} in px, the part to paint;
 * stretch: {t0, t1, width}, the time to paint and its px. What the view does not reach stays empty.
 * Answers {width, height, data}: RGBA.
 */
export function paint(view, laid, span, stretch, palette) {
  const height = Math.max(1, Math.ceil(span.bottom - span.top));
  const width = Math.max(1, Math.round(stretch.width));
  const pixels = new Uint32Array(width * height);
  const perPx = (stretch.t1 - stretch.t0) / width;
  const columnAt = (x) => Math.floor((stretch.t0 + (x + 0.5) * perPx - view.t0_ns) / view.ns_per_column);
  const columns = Int32Array.from({ length: width }, (_, x) => columnAt(x));
  const [first, last] = [columns.findIndex((column) => column >= 0), columns.findLastIndex((column) => column < view.columns) + 1];
  const canvas = { pixels, width, height, columns, first: first < 0 ? width : first, last, from: 0 };
  const tiles = Object.fromEntries(STACK.map((state) => [state, tile(state, palette)]));
  for (const row of laid.rows) {
    if (row.top + row.height < span.top || row.top > span.bottom) continue;
    const box = { top: Math.round(row.top - span.top), height: row.height };
    canvas.from = Math.max(0, Math.round((row.from ?? 0) - span.top));
    if (row.kind === "sum") paintSum(canvas, box, view, laid, palette);
    if (!row.lane) continue;
    const coverage = view.coverage.get(row.lane.id);
    if (!coverage) continue;
    if (row.kind === "process") paintLife(canvas, box, coverage, palette);
    else if (row.kind === "interpreter" || row.kind === "cpu") paintHolders(canvas, box, coverage, view.refs.get(row.lane.id), laid.hues, palette);
    else paintStates(canvas, box, coverage, tiles, palette);
  }
  return { width, height, data: new Uint8ClampedArray(pixels.buffer) };
}

function paintStates(canvas, box, coverage, tiles, palette) {
  const present = STACK.filter((state) => coverage[state]);
  const line = pixel(palette.states.idle);
  const dots = pixel(palette.states.unknown);
  for (let x = canvas.first; x < canvas.last; x += 1) {
    const column = canvas.columns[x];
    let filled = 0;
    for (const state of present) {
      const share = coverage[state][column];
      if (!share) continue;
      const from = Math.round((filled / 255) * box.height);
      filled = Math.min(255, filled + share);
      const to = Math.round((filled / 255) * box.height);
      fillTiled(canvas, x, box.top + box.height - to, box.top + box.height - from, tiles[state]);
    }
    if ((coverage.idle?.[column] ?? 0) > 127) fillFlat(canvas, x, box.top + (box.height >> 1) - 1, box.top + (box.height >> 1) + 1, line);
    if ((coverage.unknown?.[column] ?? 0) > 127 && x % 8 < 5) {
      fillFlat(canvas, x, box.top, box.top + 1, dots);
      fillFlat(canvas, x, box.top + box.height - 1, box.top + box.height, dots);
    }
  }
}

function paintHolders(canvas, box, coverage, refs, hues, palette) {
  const stack = Object.entries(refs ?? {}).map(([ref, shares]) => ({ shares, colour: pixel(holderColour(Number(ref), hues, palette)), hue: hues.get(Number(ref)) ?? 99 }));
  stack.sort((a, b) => a.hue - b.hue);
  const anonymous = pixel(palette.ink3);
  const whole = coverage.held ?? coverage.busy;
  const line = pixel(palette.line);
  for (let x = canvas.first; x < canvas.last; x += 1) {
    const column = canvas.columns[x];
    let filled = 0;
    for (const { shares, colour } of stack) {
      const share = shares[column];
      if (!share) continue;
      const from = Math.round((filled / 255) * box.height);
      filled = Math.min(255, filled + share);
      fillFlat(canvas, x, box.top + box.height - Math.round((filled / 255) * box.height), box.top + box.height - from, colour);
    }
    if (!refs && whole) fillFlat(canvas, x, box.top + box.height - Math.round(((whole[column] ?? 0) / 255) * box.height), box.top + box.height, anonymous);
    if (filled === 0 && (coverage.free?.[column] ?? coverage.idle?.[column] ?? 0) > 0) fillFlat(canvas, x, box.top + box.height - 1, box.top + box.height, line);
  }
}

function paintLife(canvas, box, coverage, palette) {
  const middle = box.top + (box.height >> 1);
  const looks = [
    ["running", pixel(palette.line2), 1],
    ["starting", pixel(palette.states.starting), 2],
    ["crashed", pixel(palette.states.crashed), 3],
  ];
  for (let x = canvas.first; x < canvas.last; x += 1) {
    for (const [state, colour, half] of looks) {
      if ((coverage[state]?.[canvas.columns[x]] ?? 0) > 0) fillFlat(canvas, x, middle - half, middle + half, colour);
    }
  }
}

/** How many are at work at once, from the view's own sum over all threads that carry work. */
function paintSum(canvas, box, view, laid, palette) {
  const fill = pixel(palette.states.running);
  const guide = pixel(palette.ink3);
  const total = view.at_work;
  const level = (amount) => box.top + box.height - Math.round((Math.min(amount, laid.sumScale) / laid.sumScale) * (box.height - 2));
  for (let x = canvas.first; x < canvas.last; x += 1) {
    if (total) fillFlat(canvas, x, level((total.bytes[canvas.columns[x]] / 255) * total.most), box.top + box.height, fill);
    if (x % 6 < 3) for (let mark = 1; mark <= Math.min(laid.sumScale, 8); mark += 1) fillFlat(canvas, x, level(mark), level(mark) + 1, guide);
  }
}

/** The colour of a thread as a holder; grey when it is none of those that carry work. */
export function holderColour(lane, hues, palette) {
  const hue = hues.get(lane);
  return hue === undefined ? palette.ink3 : palette.holders[hue % palette.holders.length];
}

function fillFlat({ pixels, width, height, from }, x, top, bottom, colour) {
  const last = Math.min(bottom, height);
  for (let y = Math.max(from, top); y < last; y += 1) pixels[y * width + x] = colour;
}

function fillTiled({ pixels, width, height, from }, x, top, bottom, pattern) {
  const last = Math.min(bottom, height);
  const tileX = x % TILE_WIDTH;
  for (let y = Math.max(from, top); y < last; y += 1) pixels[y * width + x] = pattern[(y % TILE_HEIGHT) * TILE_WIDTH + tileX];
}
