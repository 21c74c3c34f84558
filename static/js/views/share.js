// Takes a run elsewhere: its link, files in several formats, a picture of what is on screen, a chart for notebooks.
//
//     [Copy link] [Share ▾]
//                 ┌──────────────────────────────────────┐
//                 │ (•) the whole run  ( ) what you see   │
//                 │ Web page         opens anywhere …     │
//                 │ …                                     │
//                 │ For a notebook   import httpx …       │
//                 └──────────────────────────────────────┘

import { Problem } from "../data/api.js";
import { download } from "../data/transfer.js";
import { api, here, whole } from "../data/urls.js";
import { poster } from "../figures/poster.js";
import { h, put } from "../lib/dom.js";
import { readPalette } from "../lib/palette.js";
import { save } from "../lib/save.js";
import { isFinished } from "../lib/states.js";
import { duration, instant, moment } from "../lib/units.js";
import { writeState } from "../lib/viewstate.js";
import { copyLink } from "./copy-link.js";
import { imageOf } from "./plot.js";
import { toast } from "./toast.js";
import { showTransfer } from "./transfer.js";

const FILES = [
  { name: "html", label: "Web page", says: "One file that opens anywhere, without gilscope or a network, and zooms." },
  { name: "bundle", label: "Bundle", says: "For another gilscope: Import keeps its address. Always the whole run.", finished: true },
  { name: "chrome", label: "Perfetto trace", says: "Chrome JSON: at ui.perfetto.dev choose “Open trace file”. It stays on your machine." },
  { name: "csv", label: "Table (CSV)", says: "Every segment with its lane, state, start and end in ns." },
];
const PICTURES = [
  { name: "png", label: "Picture (PNG)", says: "What is on screen, with names, legend and title." },
  { name: "svg", label: "Drawing (SVG)", says: "The same, to scale and to edit." },
];

/** startShare(root, {trace(), state, timeline}): {refresh()}. `trace` answers the trace object as it is now. */
export function startShare(root, { trace, state, timeline }) {
  const panel = h("div", { class: "sharepanel", id: "share-panel", role: "dialog", "aria-label": "Share this run", hidden: true });
  const button = h("button", { class: "button", type: "button", id: "share-menu", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-controls": "share-panel", on: { click: () => (panel.hidden ? open() : close(true)) } }, "Share", h("span", { class: "caret", "aria-hidden": "true" }, "▾"));
  const copy = h("button", { class: "button", type: "button", id: "copy", title: "The address of what you see: window, selection and lanes are in it", on: { click: () => copyLink(here(writeState(state.now))) } }, "Copy link");
  root.replaceChildren(copy, h("span", { class: "sharehold" }, button, panel));
  let seen = false;

  const scope = () => (seen && state.now.window ? { t0: Math.floor(state.now.window.t0), t1: Math.ceil(state.now.window.t1) } : {});
  const acts = { html: saveFile, bundle: saveFile, chrome: saveFile, csv: saveFile, png: savePicture, svg: savePicture };

  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(true);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
    else return;
    event.stopPropagation();
  });
  panel.addEventListener("click", (event) => {
    const item = event.target.closest("button[data-format]");
    if (!item || item.getAttribute("aria-disabled") === "true") return;
    close(true);
    attempt(() => acts[item.dataset.format](item.dataset.format));
  });
  document.addEventListener("pointerdown", (event) => !panel.hidden && !root.contains(event.target) && close(false));
  root.addEventListener("focusout", (event) => !panel.hidden && event.relatedTarget && !root.contains(event.relatedTarget) && close(false));
  state.on((now, before) => now.window !== before.window && !panel.hidden && draw());

  function open() {
    draw();
    panel.hidden = false;
    button.setAttribute("aria-expanded", "true");
    panel.querySelector("input:checked, button[data-format]")?.focus({ preventScroll: true });
  }

  function close(back) {
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus({ preventScroll: true });
  }

  /** Up and down go from item to item; in the choice of the span they are its own. */
  function step(event) {
    if (event.target.matches("input")) return;
    event.preventDefault();
    const items = [...panel.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    items[(at + items.length) % items.length].focus();
  }

  function draw() {
    const now = trace();
    const nothing = !(now.t_ns > 0) && !timeline.view();
    const why = ({ finished }) => (nothing ? "Nothing is recorded yet." : finished && !isFinished(now.status) ? "When the run is over: its record is not complete yet." : null);
    put(
      panel,
      state.now.window ? span() : null,
      h("h2", {}, "Save as"),
      h("ul", {}, [...FILES, ...PICTURES].map((one) => item(one, why(one)))),
      h("div", { class: "sharehead" }, h("h2", {}, "In a notebook"), h("button", { class: "button tiny", type: "button", id: "copy-snippet", on: { click: () => copyLink(snippet(), "Copied.") } }, "Copy")),
      h("pre", { class: "snippet", tabindex: 0, "aria-label": "Python to copy" }, snippet()),
    );
  }

  function span() {
    const { t0, t1 } = state.now.window;
    const fine = (t1 - t0) / 1000;
    const choice = (value, text) => h("label", {}, h("input", { type: "radio", name: "share-span", value, checked: (value === "seen") === seen }), text);
    const field = h("fieldset", { class: "sharespan" }, h("legend", { class: "visually-hidden" }, "How much of the run"), choice("whole", "the whole run"), choice("seen", `what you see, ${instant(t0, fine)} to ${instant(t1, fine)}`));
    field.addEventListener("change", (event) => {
      seen = event.target.value === "seen";
      panel.querySelector(".snippet").textContent = snippet();
    });
    return field;
  }

  function item({ name, label, says }, why) {
    return h("li", {}, h("button", { type: "button", data: { format: name }, "aria-disabled": why ? "true" : null }, h("b", {}, label), h("span", {}, why ?? says)));
  }

  function snippet() {
    return ["import httpx, plotly.io", `url = "${whole(api.figure(trace().id, scope()))}"`, "plotly.io.from_json(httpx.get(url).text).show()"].join("\n");
  }

  async function saveFile(format) {
    const { id } = trace();
    const { label } = FILES.find(({ name }) => name === format);
    const window = state.now.window;
    const query = {
      html: { ...scope(), show: window ? `${Math.floor(window.t0)}-${Math.ceil(window.t1)}` : null },
      bundle: {},
      // Perfetto opens it packed, and packed it is a fourteenth.
      chrome: { ...scope(), gzip: true },
      csv: scope(),
    }[format];
    const got = await showTransfer(label, (options) => download(api.exportAs(id, format, query), options));
    if (!got) return toast("Cancelled: nothing was saved.");
    save(got.blob, got.name);
    return toast(`Saved ${got.name}.`);
  }

  async function savePicture(format) {
    const now = trace();
    const window = timeline.window();
    const fine = (window.t1 - window.t0) / 1000;
    const span = state.now.window ? `${instant(window.t0, fine)} to ${instant(window.t1, fine)} of ${duration(now.t_ns)}` : `the whole run, ${duration(now.t_ns)}`;
    const note = `${span} · ${moment(now.created_at).local} · gilscope ${now.id}`;
    const title = now.label ? `${now.label} · ${now.title}` : now.title;
    const view = timeline.view();
    const drawn = timeline.laid().rows.filter(({ kind }) => kind === "thread" || kind === "task");
    const states = new Set(drawn.flatMap(({ lane }) => Object.keys(view?.coverage.get(lane.id) ?? {})));
    const figure = poster(timeline.picture(), { title, said: now.headline ?? "", note, states, palette: readPalette() });
    save(await imageOf(figure, { format, scale: format === "svg" ? 1 : 2 }), `gilscope-${now.id}.${format}`);
  }

  return { refresh: () => !panel.hidden && draw() };
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(error instanceof Problem ? error.message : String(error), "bad");
  }
}
