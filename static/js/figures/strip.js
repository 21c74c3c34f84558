// A whole trace in one strip of pixels: the mean shares of its lanes' states, stacked; or, of very many lanes, how many are at work. Pure.

import { STATES } from "../lib/states.js";
import { pixel, tile, TILE_HEIGHT, TILE_WIDTH } from "./patterns.js";

const STACK = STATES.map((state) => state.name).filter((name) => name !== "idle" && name !== "unknown");

/**
 * view: of the whole trace; lanes: ids whose shares are averaged, null: `view.at_work` is drawn; {width, height} px, the time from 0 to
 * `horizon` ns across. Answers {width, height, data}: RGBA.
 */
export function paintStrip(view, lanes, { width, height, horizon }, palette) {
  const pixels = new Uint32Array(width * height);
  const parts = lanes ? means(view, lanes, palette) : atWork(view, palette);
  for (let x = 0; x < width; x += 1) {
    const column = Math.floor((((x + 0.5) / width) * horizon - view.t0_ns) / view.ns_per_column);
    if (column < 0 || column >= view.columns) continue;
    let filled = 0;
    for (const { shareAt, pattern } of parts) {
      const from = Math.round(filled * height);
      filled = Math.min(1, filled + shareAt(column));
      for (let y = height - Math.round(filled * height); y < height - from; y += 1) pixels[y * width + x] = pattern[(y % TILE_HEIGHT) * TILE_WIDTH + (x % TILE_WIDTH)];
    }
  }
  return { width, height, data: new Uint8ClampedArray(pixels.buffer) };
}

function means(view, lanes, palette) {
  const found = lanes.map((lane) => view.coverage.get(lane)).filter(Boolean);
  return STACK.filter((state) => found.some((coverage) => coverage[state])).map((state) => {
    const columns = found.map((coverage) => coverage[state]).filter(Boolean);
    return { pattern: tile(state, palette), shareAt: (column) => columns.reduce((sum, bytes) => sum + bytes[column], 0) / 255 / found.length };
  });
}

function atWork({ at_work: total }, palette) {
  if (!total) return [];
  const pattern = new Uint32Array(TILE_WIDTH * TILE_HEIGHT).fill(pixel(palette.states.running));
  return [{ pattern, shareAt: (column) => total.bytes[column] / 255 }];
}
