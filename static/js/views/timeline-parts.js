// The elements of a timeline. Those that a page has placed (`data-part`) are taken, the indispensable ones are made.
//
//     [toolbar … legend … badge … minimap]        only where the page has placed them
//     lanes (scrolls, has the focus)
//     ├ labels: lid, rows                         the names; the lid stays on top
//     └ plotarea > plot                           stays where it is while the rest scrolls
//         backdrop (canvas) · figure (Plotly) · overlay (SVG) · surface (hears the pointer) · grips
//     tooltip, live (told to screen readers)

import { h } from "../lib/dom.js";

const SAYS = "Timeline. Up and down choose a lane, Enter a segment of it, full stop and comma the next and previous one. W and S zoom, A and D pan, 0 shows the whole run, question mark lists all keys.";

/** The parts within `root` by name; optional ones that the page has not placed are null. */
export function furnish(root) {
  const placed = (name) => root.querySelector(`[data-part="${name}"]`);
  const made = (name, tag, attributes, parent = root) => placed(name) ?? parent.appendChild(h(tag, { ...attributes, data: { part: name } }));
  const lanes = made("lanes", "div", { class: "lanes" });
  for (const [name, value] of Object.entries({ tabindex: 0, role: "application", "aria-roledescription": "timeline", "aria-label": SAYS })) if (!lanes.hasAttribute(name)) lanes.setAttribute(name, String(value));
  const labels = made("labels", "div", { class: "labels" }, lanes);
  const lid = made("lid", "div", { class: "lid" }, labels);
  const rows = made("rows", "div", { class: "rows" }, labels);
  const area = made("plotarea", "div", { class: "plotarea" }, lanes);
  const plot = made("plot", "div", { class: "plot" }, area);
  const backdrop = made("backdrop", "canvas", { class: "backdrop", "aria-hidden": "true" }, plot);
  const figure = made("figure", "div", { class: "figure", "aria-hidden": "true" }, plot);
  const overlay = plot.appendChild(h("svg", { class: "overlay", "aria-hidden": "true" }));
  const surface = made("surface", "div", { class: "surface" }, plot);
  const grips = made("grips", "div", { class: "grips" }, plot);
  const tooltip = made("tooltip", "div", { class: "tooltip", role: "tooltip", hidden: true });
  const live = made("live", "div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const optional = Object.fromEntries(["legend", "badge", "arrownote", "more", "minimap", "kinds", "find"].map((name) => [name, placed(name)]));
  return { root, lanes, labels, lid, rows, area, plot, backdrop, figure, overlay, surface, grips, tooltip, live, ...optional };
}
