// What can be done with a run: cancel it, run it again, delete it; and its label. What takes it elsewhere is in share.js.

import { Problem, cancelRun, changeTrace, deleteTrace, startRun } from "../data/api.js";
import { pages } from "../data/urls.js";
import { byId, h, put } from "../lib/dom.js";
import { isFinished } from "../lib/states.js";
import { confirm } from "./confirm.js";
import { editableLabel } from "./label.js";
import { toast } from "./toast.js";

/**
 * drawActions(trace, {readOnly, onChanged(trace), onDelete()}): fills `#actions`; `onDelete` hears that the trace is about to go.
 */
export function drawActions(trace, { readOnly, onChanged, onDelete }) {
  const finished = isFinished(trace.status);
  put(
    byId("actions"),
    !readOnly && !finished ? h("button", { class: "button danger", type: "button", id: "cancel" }, "Cancel") : null,
    !readOnly && finished && !trace.spec.program?.length ? h("button", { class: "button", type: "button", id: "again", title: "The same run once more" }, "Run again") : null,
    !readOnly && finished ? h("button", { class: "button danger", type: "button", id: "delete" }, "Delete") : null,
  );
  const acts = {
    cancel: () => attempt(async () => onChanged(await cancelRun(trace.id))),
    again: () => attempt(async () => location.assign(pages.trace((await startRun(wish(trace))).id))),
    delete: () => attempt(remove),
  };
  byId("actions").onclick = (event) => acts[event.target.closest("button")?.id]?.();

  async function remove() {
    const sure = await confirm({ title: "Delete this run?", text: "Its record and its address go away for good. A bundle that you have downloaded can be imported again." });
    if (!sure) return;
    onDelete();
    await deleteTrace(trace.id);
    location.assign(pages.home());
  }
}

/** The label: shown, and edited in place. */
export function drawLabel(trace, { readOnly, onChanged }) {
  editableLabel(byId("label"), { label: trace.label, readOnly, onSave: (text) => attempt(async () => onChanged(await changeTrace(trace.id, { label: text }))) });
}

/** What to ask for, to have this run again. An interpreter that is not here any more is refused by the server, in words. */
function wish({ spec, label }) {
  const { workload, model, workers, jobs, params, start_method: startMethod, switch_interval: interval, interpreter } = spec;
  const asked = { workload, model, workers, jobs, params, start_method: startMethod, switch_interval: interval, interpreter: interpreter?.id, label };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null && value !== undefined && value !== ""));
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    toast(error instanceof Problem ? error.message : String(error), "bad");
  }
}
