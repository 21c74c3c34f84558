// What can be done with a comparison: cancel it, run it again, copy its link, delete it; and its label.

import { Problem, cancelComparison, deleteComparison, renameComparison, startComparison } from "../../data/api.js";
import { pages } from "../../data/urls.js";
import { byId, h, put } from "../../lib/dom.js";
import { confirm } from "../confirm.js";
import { copyLink } from "../copy-link.js";
import { editableLabel } from "../label.js";
import { toast } from "../toast.js";

const LIVE = ["queued", "running"];

/** drawComparisonActions(comparison, {readOnly, link(), onChanged(comparison), onDelete()}): fills `#actions`. */
export function drawComparisonActions(comparison, { readOnly, link, onChanged, onDelete }) {
  const live = LIVE.includes(comparison.status);
  const ours = comparison.id !== null && !readOnly;
  put(
    byId("actions"),
    ours && live ? h("button", { class: "button danger", type: "button", id: "cancel" }, "Cancel") : null,
    ours && !live && !comparison.spec.workload.includes("/") ? h("button", { class: "button", type: "button", id: "again", title: "The same comparison once more" }, "Run again") : null,
    h("button", { class: "button", type: "button", id: "copy", title: "Its address, with the window that you see" }, "Copy link"),
    ours && !live ? h("button", { class: "button danger", type: "button", id: "delete" }, "Delete") : null,
  );
  const acts = {
    cancel: () => attempt(async () => onChanged(await cancelComparison(comparison.id))),
    again: () => attempt(async () => location.assign(pages.comparison((await startComparison(wish(comparison))).id))),
    copy: () => copyLink(link()),
    delete: () => attempt(remove),
  };
  byId("actions").onclick = (event) => acts[event.target.closest("button")?.id]?.();

  async function remove() {
    const sure = await confirm({ title: "Delete this comparison?", text: "Its address goes away for good. Its runs stay: each has a page of its own." });
    if (!sure) return;
    onDelete();
    await deleteComparison(comparison.id, { traces: null });
    location.assign(pages.home());
  }
}

/** The label: shown, and edited in place. Runs that somebody chose have none together. */
export function drawComparisonLabel({ id, label }, { readOnly, onChanged }) {
  editableLabel(byId("label"), { label, readOnly: readOnly || id === null, onSave: (text) => attempt(async () => onChanged(await renameComparison(id, text))) });
}

/** What to ask for, to have it again. An interpreter that is not here any more is refused by the server, in words. */
function wish({ spec, label }) {
  const { interpreter, ...rest } = spec;
  return Object.fromEntries(Object.entries({ ...rest, interpreter: interpreter?.id, label }).filter(([, value]) => value !== null && value !== undefined && value !== ""));
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(error instanceof Problem ? error.message : String(error), "bad");
  }
}
