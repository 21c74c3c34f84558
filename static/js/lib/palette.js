// The palette in force, read from the stylesheet's custom properties: light or dark, there is one place that says what a state looks like.

import { STATES } from "./states.js";

export const HOLDERS = 8;

/**
 * {states: {running: "#005a9c", …}, pale: {running: …}, holders: [8 colours], ink, ink2, ink3, line, surface, outline}: colours as "#rrggbb".
 * `pale` is what the gaps of a state's pattern are filled with.
 */
export function readPalette(root = document.documentElement) {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(name).trim();
  const surface = read("--surface");
  const depth = Number.parseFloat(read("--pattern-depth")) / 100;
  const states = Object.fromEntries(STATES.map(({ name }) => [name, read(`--state-${name}`)]));
  return {
    states,
    pale: Object.fromEntries(Object.entries(states).map(([name, colour]) => [name, mix(colour, surface, depth)])),
    holders: Array.from({ length: HOLDERS }, (_, i) => read(`--holder-${i + 1}`)),
    outline: read("--state-outline"),
    surface,
    ink: read("--ink"),
    ink2: read("--ink-2"),
    ink3: read("--ink-3"),
    line: read("--line"),
    line2: read("--line-2"),
    accent: read("--accent"),
    sans: read("--sans"),
  };
}

/** "#rrggbb" of `share` of one colour over another. */
export function mix(colour, over, share) {
  const [a, b] = [channels(colour), channels(over)];
  return `#${a.map((value, i) => Math.round(value * share + b[i] * (1 - share)).toString(16).padStart(2, "0")).join("")}`;
}

export function channels(colour) {
  const hex = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join("") : colour.slice(1);
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/** Whether the reader's system is dark. */
export function isDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Calls back whenever the reader's system turns dark or light. */
export function onThemeChange(listener) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", listener);
}
