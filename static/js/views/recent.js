// The list of runs: newest first, growing while runs are going on, filtered, paged by cursor.

import { Problem, cancelComparison, cancelRun, changeTrace, deleteComparison, deleteTrace, listComparisons, listTraces } from "../data/api.js";
import { pages } from "../data/urls.js";
import { byId, h, put } from "../lib/dom.js";
import { onThemeChange } from "../lib/palette.js";
import { STATUS_WORDS, isFinished } from "../lib/states.js";
import { ago, duration, moment } from "../lib/units.js";
import { together } from "../lib/words.js";
import { startChoosing } from "./choosing.js";
import { confirm } from "./confirm.js";
import { startImporting } from "./importing.js";
import { comparisonRow } from "./recent-comparison.js";
import { statusPill } from "./status.js";
import { thumbnail } from "./thumbnail.js";
import { toast } from "./toast.js";

const PAGE = 50;
const COMPARISONS = 20;
const REFRESH_MS = { busy: 700, calm: 2500 };

/** drawRecent(offer, {onEmpty(place)}): fills the list and keeps it fresh; `onEmpty` fills what is shown when there are no runs at all. */
export function drawRecent(offer, { onEmpty }) {
  const list = byId("traces");
  const filters = byId("filters");
  let traces = offer.traces;
  let cursor = offer.next_cursor;
  let comparisons = offer.comparisons;
  let known = stateOf(traces);
  const opened = new Set();
  let pagesShown = 1;
  let timer = null;
  let turn = 0;

  fillFilter("workload", offer.workloads.map(({ name }) => name), "All work");
  fillFilter("model", [...offer.models.map(({ name }) => name), "program"], "All models");
  fillFilter("status", Object.keys(STATUS_WORDS), "Any status");
  restoreFilters();
  filters.addEventListener("change", () => {
    const chosen = new URLSearchParams(Object.entries(filter()).filter(([, value]) => value));
    history.replaceState(history.state, "", chosen.size ? `?${chosen}` : location.pathname);
    pagesShown = 1;
    refresh();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => {
    pagesShown += 1;
    refresh();
  });
  document.addEventListener("visibilitychange", () => !document.hidden && refresh());
  onThemeChange(() => {
    list.replaceChildren();
    draw();
  });
  const choosing = startChoosing(list, draw);
  list.addEventListener("click", (event) => {
    const id = event.target.closest(".members")?.closest("li").dataset.id;
    if (!id) return;
    if (!opened.delete(id)) opened.add(id);
    draw();
    list.querySelector(`[data-id="${id}"] .members`)?.focus();
  });
  startImporting({ readOnly: offer.read_only, onImported: refresh });
  draw();
  if (filtering()) refresh();
  else plan();

  function filter() {
    return Object.fromEntries(new FormData(filters));
  }

  function filtering() {
    return Object.values(filter()).some(Boolean);
  }

  async function refresh() {
    clearTimeout(timer);
    const mine = (turn += 1);
    try {
      const fresh = [];
      let next = null;
      for (let page = 0; page < pagesShown; page += 1) {
        const answer = await listTraces({ ...filter(), limit: PAGE, cursor: next });
        fresh.push(...answer.items);
        next = answer.next_cursor;
        if (!next) break;
      }
      if (mine !== turn) return;
      // What is said of comparisons changes only with the state of runs, and costs the server more than a list.
      const changed = stateOf(fresh) !== known;
      const told = changed ? (await listComparisons({ limit: COMPARISONS })).items : comparisons;
      if (mine !== turn) return;
      [traces, cursor, comparisons, known] = [fresh, next, told, stateOf(fresh)];
      byId("lost").hidden = true;
      draw();
    } catch (error) {
      if (mine !== turn) return;
      if (error.status === 0) byId("lost").hidden = false;
      else toast(error.message, "bad");
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(refresh, traces.some((trace) => !isFinished(trace.status)) ? REFRESH_MS.busy : REFRESH_MS.calm);
  }

  function draw() {
    const none = byId("no-traces");
    none.hidden = traces.length + comparisons.length > 0;
    if (!none.hidden) {
      if (filtering()) put(none, h("p", {}, "No run fits these filters."));
      else onEmpty(none);
    }
    filters.hidden = !traces.length && !filtering();
    byId("more").hidden = !cursor;
    const old = new Map([...list.children].map((item) => [item.dataset.id, item]));
    const items = entries().map(({ trace, comparison, inside }) => {
      const kept = old.get((trace ?? comparison).id);
      const stamp = trace
        ? JSON.stringify([trace.status, trace.position, trace.label, trace.pinned, trace.headline, trace.metrics?.wall_ns, trace.t_ns, inside])
        : JSON.stringify([comparison.status, comparison.label, comparison.progress, comparison.sentence, opened.has(comparison.id)]);
      if (kept?.dataset.stamp === stamp) return kept;
      const made = trace ? item(trace, stamp, inside) : comparisonRow(comparison, { open: opened.has(comparison.id), stamp, tools: offer.read_only ? null : comparisonTools(comparison) });
      return kept?.contains(document.activeElement) && document.activeElement.tagName === "INPUT" && document.activeElement.type === "text" ? kept : made;
    });
    if (items.length !== list.children.length || items.some((one, i) => one !== list.children[i])) list.replaceChildren(...items);
    for (const time of list.querySelectorAll("time")) time.textContent = ago(time.dateTime);
  }

  /** Runs and comparisons by age, the runs of a comparison below it if it is open. While runs are filtered or chosen, runs only. */
  function entries() {
    if (filtering() || choosing.on) return traces.map((trace) => ({ trace }));
    const byId = new Map(traces.map((trace) => [trace.id, trace]));
    const oldest = cursor ? traces.at(-1).created_at : "";
    const shown = comparisons.filter((comparison) => comparison.created_at >= oldest);
    const members = new Set(shown.flatMap((comparison) => comparison.traces.map(({ id }) => id)));
    const heads = [...shown.map((comparison) => ({ comparison, at: comparison.created_at })), ...traces.filter(({ id }) => !members.has(id)).map((trace) => ({ trace, at: trace.created_at }))];
    heads.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
    return heads.flatMap((entry) => [entry, ...(entry.comparison && opened.has(entry.comparison.id) ? entry.comparison.traces.filter(({ id }) => byId.has(id)).map(({ id }) => ({ trace: byId.get(id), inside: true })) : [])]);
  }

  function item(trace, stamp, inside) {
    const at = moment(trace.created_at);
    return h(
      "li",
      { class: "trace", data: { id: trace.id, status: trace.status, stamp, pinned: trace.pinned ? "yes" : null, inside: inside ? "yes" : null } },
      choosing.box(trace),
      h(
        "a",
        { class: "open", href: pages.trace(trace.id) },
        h("span", { class: "thumb" }, thumbnail(trace)),
        h(
          "span",
          { class: "what" },
          h("span", { class: "titleline" }, trace.pinned ? h("span", { class: "pin", title: "pinned" }, "★") : null, h("b", {}, trace.title), trace.label ? h("span", { class: "mark" }, trace.label) : null, trace.status === "complete" ? null : statusPill(trace)),
          h("span", { class: "said" }, said(trace)),
        ),
        h("span", { class: "when" }, h("span", {}, isFinished(trace.status) ? duration(trace.metrics?.elapsed_ns ?? trace.metrics?.wall_ns ?? null) : ""), h("time", { datetime: trace.created_at, title: `${at.local} (${at.utc})` }, ago(trace.created_at))),
      ),
      offer.read_only ? null : tools(trace),
    );
  }

  function tools(trace) {
    const name = trace.label || trace.title;
    return h(
      "span",
      { class: "tools" },
      h("button", { class: "button tiny quiet", type: "button", "aria-pressed": String(Boolean(trace.pinned)), "aria-label": `Pin ${name}`, title: trace.pinned ? "Pinned; press to unpin" : "Pin", on: { click: () => change(trace, { pinned: !trace.pinned }) } }, trace.pinned ? "★" : "☆"),
      h("button", { class: "button tiny quiet", type: "button", "aria-label": `Label ${name}`, title: "Edit the label", on: { click: (event) => editLabel(event.currentTarget.closest("li"), trace) } }, "✎"),
      isFinished(trace.status)
        ? h("button", { class: "button tiny quiet", type: "button", "aria-label": `Delete ${name}`, title: "Delete", on: { click: () => remove(trace) } }, "✕")
        : h("button", { class: "button tiny quiet", type: "button", "aria-label": `Cancel ${name}`, title: "Cancel", on: { click: () => cancel(trace) } }, "■"),
    );
  }

  function comparisonTools(comparison) {
    const name = comparison.label || comparison.title;
    const live = ["queued", "running"].includes(comparison.status);
    return h(
      "span",
      { class: "tools" },
      live
        ? h("button", { class: "button tiny quiet", type: "button", "aria-label": `Cancel ${name}`, title: "Cancel what is left of it", on: { click: () => attempt(() => cancelComparison(comparison.id)) } }, "■")
        : h("button", { class: "button tiny quiet", type: "button", "aria-label": `Delete ${name}`, title: "Delete", on: { click: () => removeComparison(comparison) } }, "✕"),
    );
  }

  async function removeComparison(comparison) {
    const sure = await confirm({ title: "Delete this comparison?", text: `${comparison.label || comparison.title}: its address goes away for good. Its runs stay in the list.` });
    if (!sure) return;
    await attempt(() => deleteComparison(comparison.id, { traces: null }));
  }

  async function attempt(act) {
    try {
      await act();
      known = null;
      await refresh();
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  function editLabel(row, trace) {
    const input = h("input", { type: "text", value: trace.label ?? "", maxlength: 200, "aria-label": "Label", placeholder: "Label" });
    const editor = h("form", { class: "labeleditor" }, input, h("button", { class: "button tiny", type: "submit" }, "Save"));
    let over = false;
    const close = (save) => {
      if (over) return;
      over = true;
      editor.remove();
      row.dataset.stamp = "";
      if (save && input.value !== (trace.label ?? "")) change(trace, { label: input.value });
    };
    editor.addEventListener("submit", (event) => {
      event.preventDefault();
      close(true);
    });
    input.addEventListener("keydown", (event) => event.key === "Escape" && close(false));
    editor.addEventListener("focusout", (event) => !editor.contains(event.relatedTarget) && close(true));
    row.append(editor);
    input.focus();
    input.select();
  }

  async function change(trace, changes) {
    try {
      await changeTrace(trace.id, changes);
      await refresh();
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async function cancel(trace) {
    try {
      await cancelRun(trace.id);
      await refresh();
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async function remove(trace) {
    const sure = await confirm({ title: "Delete this run?", text: `${trace.label || trace.title}: its record and its address go away for good.` });
    if (!sure) return;
    try {
      await deleteTrace(trace.id);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) return toast(error.message, "bad");
    }
    return refresh();
  }

  function restoreFilters() {
    for (const [name, value] of new URLSearchParams(location.search)) {
      const control = filters.elements.namedItem(name);
      if (control && [...control.options].some((option) => option.value === value)) control.value = value;
    }
  }

  function fillFilter(name, values, all) {
    filters.elements.namedItem(name).append(h("option", { value: "" }, all), ...values.map((value) => h("option", { value }, value)));
  }
}

/** What comparisons are told from: which runs there are, and how they ended. */
function stateOf(traces) {
  return traces.map(({ id, status, label }) => `${id} ${status} ${label ?? ""}`).join();
}

function said(trace) {
  if (trace.status === "failed") return trace.error?.message ?? "It failed.";
  if (trace.headline) return together(trace.headline);
  return { queued: "Waiting for its turn.", starting: "Starting…", running: "Running now…", cancelled: "Cancelled.", interrupted: "The server ended while it ran." }[trace.status] ?? "";
}
