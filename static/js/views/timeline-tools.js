// The buttons of a timeline, wherever the page has placed them (`data-act`), and what is said beside them: how exact the picture is, how many
// arrows there are, how many lanes more.

import { h, put } from "../lib/dom.js";
import { count, duration } from "../lib/units.js";

const KINDS = [
  { kind: "process", label: "Processes" },
  { kind: "interpreter", label: "GILs" },
  { kind: "thread", label: "Threads" },
  { kind: "task", label: "Tasks" },
  { kind: "cpu", label: "Cores" },
];

/**
 * startTools(parts, state, act(name)): `act` hears of presses on `data-act` elements. Answers {update({pressed, disabled, hidden}), tell(view,
 * frame, laid), kinds(tree)}: `update` takes sets of names.
 */
export function startTools(parts, state, act) {
  const { root } = parts;
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button && root.contains(button)) act(button.dataset.act);
  });
  parts.kinds?.addEventListener("change", (event) => {
    const box = event.target.closest("input[data-kind]");
    if (!box) return;
    const others = state.now.hidden.filter((kind) => kind !== box.dataset.kind);
    state.change({ hidden: box.checked ? others : [...others, box.dataset.kind] });
  });

  parts.find?.addEventListener("input", () => state.change({ find: parts.find.value }));

  function update({ pressed, disabled, hidden }) {
    for (const button of root.querySelectorAll("[data-act]")) {
      const name = button.dataset.act;
      if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", String(pressed.has(name)));
      button.disabled = disabled.has(name);
      if (name === "follow" || name === "pause") button.hidden = hidden.has(name);
      if (name === "pause") button.textContent = pressed.has("pause") ? "Resume" : "Pause";
    }
  }

  function tell(view, frame, laid) {
    if (parts.find && document.activeElement !== parts.find) parts.find.value = state.now.find;
    badge(view, frame);
    const { arrownote, more } = parts;
    if (arrownote) {
      const there = view.edges_in_window;
      arrownote.hidden = !state.now.arrows || there === undefined || there === null || view.edges.length > 0;
      arrownote.textContent = there ? `${count(there)} arrows here: zoom in to see them` : "no arrows here";
    }
    if (more) {
      more.hidden = !laid.quietCount || Boolean(state.now.find);
      more.textContent = state.now.quiet ? "Show fewer lanes" : `Show ${laid.quietCount} more ${laid.quietCount === 1 ? "lane" : "lanes"}`;
    }
  }

  function badge(view, { window, width }) {
    const { badge: element } = parts;
    if (view.columns === undefined) return;
    if (view.opened < 1) return opening(view.opened, element);
    const hidden = view.segments_in_window - view.segments_shown - view.open.length;
    const exact = hidden <= 0;
    const crowd = view.segments_in_window / Math.max(1, (view.columns * view.ns_per_column * width) / Math.max(1, window.t1 - window.t0));
    root.dataset.resolution = exact ? "exact" : "aggregated";
    if (!element) return;
    element.dataset.resolution = root.dataset.resolution;
    element.textContent = exact ? "every segment drawn" : crowd >= 0.95 ? `aggregated: ${crowd < 10 ? crowd.toFixed(1) : count(Math.round(crowd))} segments per pixel` : "short segments aggregated";
    element.title = exact
      ? "Every recorded segment of this window is drawn as its own bar."
      : `${count(hidden)} of ${count(view.segments_in_window)} segments are too short to see here: each column of pixels shows the share of its ${duration(view.ns_per_column)} that every state takes. Zoom in to see them one by one.`;
  }

  /** A large trace is being read, and what is drawn so far is its overview. */
  function opening(share, element) {
    root.dataset.resolution = "opening";
    if (!element) return;
    element.dataset.resolution = "opening";
    element.textContent = `opening: ${Math.round(100 * share)} %`;
    element.title = "This is a large trace. What is drawn is an overview of its whole run; zoomed in, it becomes sharp when the trace is open, in a few seconds.";
  }

  /** One box for each kind of lanes that there is. */
  function kinds(tree) {
    if (!parts.kinds) return;
    const there = new Set(tree.lanes.map((lane) => lane.kind));
    put(
      parts.kinds,
      KINDS.filter(({ kind }) => there.has(kind)).map(({ kind, label }) => h("label", {}, h("input", { type: "checkbox", data: { kind }, checked: !state.now.hidden.includes(kind) }), label)),
    );
    for (const box of parts.kinds.querySelectorAll("input[data-kind]")) box.checked = !state.now.hidden.includes(box.dataset.kind);
  }

  return { update, tell, kinds };
}
