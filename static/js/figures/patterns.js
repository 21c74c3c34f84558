// What each state looks like as pixels and as bars of Plotly: the second cue beside its colour. The same patterns as css/tokens.css.

import { channels, mix } from "../lib/palette.js";

export const TILE_WIDTH = 12;
export const TILE_HEIGHT = 60;

/** For each state, whether the pixel at (x, y) is of the state's own colour; otherwise it is of the paler one. */
const INK = {
  running: () => true,
  starting: () => true,
  native: (x, y) => y % 5 !== 4,
  gil_wait: (x, y) => (x + y) % 6 < 1,
  runnable: (x) => x % 4 !== 3,
  ready: (x, y) => (x - y + 60) % 6 !== 0,
  lock_wait: (x, y) => (x + y) % 6 === 0 || (x - y + 60) % 6 === 0,
  io_wait: (x, y) => x % 4 < 2 && y % 4 < 2,
  suspended: (x, y) => (x + 3 * (Math.floor(y / 6) % 2)) % 6 < 2 && y % 6 < 2,
  crashed: (x, y) => (x + y) % 12 > 1 && (x - y + 60) % 12 > 1,
};

/** Plotly's pattern for bars of a state; undefined for a solid one. */
const SHAPES = {
  native: { shape: "-", size: 5, solidity: 0.2 },
  gil_wait: { shape: "/", size: 6, solidity: 0.25 },
  runnable: { shape: "|", size: 4, solidity: 0.25 },
  ready: { shape: "\\", size: 6, solidity: 0.22 },
  lock_wait: { shape: "x", size: 6, solidity: 0.35 },
  io_wait: { shape: ".", size: 4, solidity: 0.3 },
  suspended: { shape: ".", size: 6, solidity: 0.16 },
  crashed: { shape: "x", size: 8, solidity: 0.3 },
};

/** The two colours of a state: [ink, gaps]. */
function tones(state, palette) {
  const own = palette.states[state];
  if (state === "native") return [own, mix(own, palette.surface, 0.6)];
  if (state === "runnable" || state === "ready") return [own, mix(palette.outline, own, 0.42)];
  if (state === "crashed") return [own, palette.surface];
  return [own, palette.pale[state]];
}

/** Plotly's `marker` for bars of this state. */
export function marker(state, palette) {
  const [own, other] = tones(state, palette);
  const shape = SHAPES[state];
  if (!shape) return { color: own };
  const swapped = state === "native" || state === "runnable" || state === "ready" || state === "crashed";
  return { color: own, pattern: { ...shape, fillmode: "overlay", bgcolor: swapped ? own : other, fgcolor: swapped ? other : own, fgopacity: 1 } };
}

/** A tile of TILE_WIDTH × TILE_HEIGHT pixels (packed, as `pixel` does) to fill a state's area with; null for what is not filled. */
export function tile(state, palette) {
  const ink = INK[state];
  if (!ink) return null;
  const [own, other] = tones(state, palette).map((colour) => pixel(colour));
  const pixels = new Uint32Array(TILE_WIDTH * TILE_HEIGHT);
  for (let y = 0; y < TILE_HEIGHT; y += 1) for (let x = 0; x < TILE_WIDTH; x += 1) pixels[y * TILE_WIDTH + x] = ink(x, y) ? own : other;
  return pixels;
}

/** A colour as one pixel of image data, on a little-endian machine (every one that browsers run on). */
export function pixel(colour, opacity = 1) {
  const [red, green, blue] = channels(colour);
  return ((Math.round(255 * opacity) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
