// The list of runs: newest first, growing while runs are going on, filtered, paged by cursor.

import { Problem, cancelRun, changeTrace, deleteTrace, listTraces } from "../data/api.js";
import { pages } from "../data/urls.js";
import { byId, h, put } from "../lib/dom.js";
import { onThemeChange } from "../lib/palette.js";
import { STATUS_WORDS, isFinished } from "../lib/states.js";
import { ago, duration, moment } from "../lib/units.js";
import { confirm } from "./confirm.js";
import { startImporting } from "./importing.js";
import { statusPill } from "./status.js";
import { thumbnail } from "./thumbnail.js";
import { toast } from "./toast.js";

const PAGE = 50;
const REFRESH_MS = { busy: 700, calm: 2500 };

/** drawRecent(offer, {onEmpty(place)}): fills the list and keeps it fresh; `onEmpty` fills what is shown when there are no runs at all. */
export function drawRecent(offer, { onEmpty }) {
  const list = byId("traces");
  const filters = byId("filters");
  let traces = offer.traces;
  let cursor = offer.next_cursor;
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
      [traces, cursor] = [fresh, next];
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
    none.hidden = traces.length > 0;
    if (!traces.length) {
      if (filtering()) put(none, h("p", {}, "No run fits these filters."));
      else onEmpty(none);
    }
    filters.hidden = !traces.length && !filtering();
    byId("more").hidden = !cursor;
    const old = new Map([...list.children].map((item) => [item.dataset.id, item]));
    const items = traces.map((trace) => {
      const kept = old.get(trace.id);
      const stamp = JSON.stringify([trace.status, trace.position, trace.label, trace.pinned, trace.headline, trace.metrics?.wall_ns, trace.t_ns]);
      if (kept?.dataset.stamp === stamp) return kept;
      const made = item(trace, stamp);
      return kept?.contains(document.activeElement) && document.activeElement.tagName === "INPUT" ? kept : made;
    });
    if (items.length !== list.children.length || items.some((one, i) => one !== list.children[i])) list.replaceChildren(...items);
    for (const time of list.querySelectorAll("time")) time.textContent = ago(time.dateTime);
  }

  function item(trace, stamp) {
    const at = moment(trace.created_at);
    return h(
      "li",
      { class: "trace", data: { id: trace.id, status: trace.status, stamp, pinned: trace.pinned ? "yes" : null } },
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

function said(trace) {
  if (trace.status === "failed") return trace.error?.message ?? "It failed.";
  if (trace.headline) return trace.headline;
  return { queued: "Waiting for its turn.", starting: "Starting…", running: "Running now…", cancelled: "Cancelled.", interrupted: "The server ended while it ran." }[trace.status] ?? "";
}
