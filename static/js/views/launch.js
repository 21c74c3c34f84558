// The launch form, generated from what the server offers: workloads with the schemas of their parameters, models, interpreters, limits.

import { Problem, startComparison, startRun } from "../data/api.js";
import { byId, h, put } from "../lib/dom.js";
import { choices, number, parameter, select, text, valueOf } from "./launch-fields.js";

const REMEMBERED = "gilscope.launch";

/**
 * drawLaunch(offer, {onStarted(trace), onCompared(comparison)}): fills `#launch`. offer: the page's boot data. Answers {set(spec), run()}.
 */
export function drawLaunch(offer, { onStarted, onCompared }) {
  const form = byId("launch");
  const workloads = new Map(offer.workloads.map((workload) => [workload.name, workload]));
  const models = new Map(offer.models.map((model) => [model.name, model]));
  const { limits } = offer;
  const typed = new Map();

  const parameters = h("div", { class: "fieldgrid", id: "parameters" });
  const startMethod = h("div", { id: "start-method" });
  const summary = h("p", { class: "summary", "aria-live": "polite" });
  const complaint = h("p", { class: "notice", data: { kind: "bad" }, role: "alert", hidden: true });
  const run = h("button", { class: "button primary large", type: "submit", id: "run" }, "Run");
  const compare = h("button", { class: "button", type: "button", id: "compare", title: "The same work under one model after another: which is best, and why" }, "Run under every model");

  form.append(
    choices({ name: "workload", legend: "Work", options: offer.workloads.map(named), value: offer.recommended.workload, onChange: refresh }),
    choices({ name: "model", legend: "Model", options: offer.models.map(named), value: offer.recommended.model, onChange: refresh }),
    h(
      "div",
      { class: "fieldgrid" },
      number({ name: "workers", label: "Workers", value: offer.recommended.workers, ...bounds(limits.workers), step: 1, onChange: refresh }),
      number({ name: "jobs", label: "Jobs", placeholder: "one per worker", ...bounds(limits.jobs), step: 1, onChange: refresh }),
    ),
    select({ name: "interpreter", label: "Interpreter", value: "", options: offer.interpreters.map((one) => ({ value: one.id, label: interpreterLabel(one) })), help: " ", onChange: refresh }),
    startMethod,
    parameters,
    h(
      "details",
      { class: "advanced" },
      h("summary", {}, "Advanced"),
      h(
        "div",
        { class: "fieldgrid" },
        number({
          name: "switch_interval",
          label: "Switch interval",
          unit: "ms",
          value: limits.switch_interval.default * 1000,
          minimum: limits.switch_interval.minimum * 1000,
          maximum: limits.switch_interval.maximum * 1000,
          help: "how long a thread may keep the GIL while another one asks for it (sys.setswitchinterval)",
        }),
        text({ name: "label", label: "Label", maximum: 200, placeholder: "optional", help: "your own words for this run" }),
      ),
    ),
    complaint,
    h("div", { class: "go" }, run, compare, summary),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  compare.addEventListener("click", () => submit(true));
  form.addEventListener("input", (event) => event.target.name?.startsWith("params.") && typed.set(event.target.name, event.target.value));
  if (offer.read_only) readOnly();
  set(remembered() ?? offer.recommended);

  function value(name) {
    const control = form.elements.namedItem(name);
    return control ? control.value : "";
  }

  function refresh() {
    const workload = workloads.get(value("workload"));
    const model = models.get(value("model"));
    byId("help-workload").textContent = workload?.description ?? "";
    byId("help-model").textContent = model?.description ?? "";
    const fields = Object.entries(workload?.schema.properties ?? {}).map(([key, schema]) => parameter(key, { ...schema, default: typed.get(`params.${key}`) ?? schema.default }));
    if (parameters.dataset.workload !== workload?.name) {
      parameters.dataset.workload = workload?.name;
      parameters.replaceChildren(...fields);
    }
    const methods = model?.start_methods ?? [];
    if (startMethod.dataset.methods !== methods.join()) {
      startMethod.dataset.methods = methods.join();
      put(startMethod, methods.length ? select({ name: "start_method", label: "Start method", value: methods[0], options: methods.map((one) => ({ value: one, label: one === methods[0] ? `${one} (default)` : one })), help: "how new processes come to be" }) : null);
    }
    const chosen = offer.interpreters.find((one) => one.id === value("interpreter"));
    const obstacle = obstacleOf(chosen, model);
    tellInterpreter(byId("help-interpreter"), chosen, obstacle);
    const times = model?.name === "sequential" ? "" : ` ×${value("workers") || limits.workers.default}`;
    summary.dataset.kind = obstacle ? "warn" : "";
    summary.textContent = obstacle ?? `${workload?.name} · ${model?.name}${times}${chosen ? ` · ${shortVersion(chosen)}${gilOn(chosen)}` : ""}`;
  }

  function spec() {
    const params = {};
    for (const [key, schema] of Object.entries(workloads.get(value("workload"))?.schema.properties ?? {})) {
      const said = value(`params.${key}`);
      if (said !== "") params[key] = valueOf(said, schema);
    }
    return {
      workload: value("workload"),
      model: value("model"),
      workers: whole(value("workers")) ?? limits.workers.default,
      jobs: whole(value("jobs")),
      params,
      interpreter: value("interpreter") || null,
      start_method: value("start_method") || null,
      switch_interval: value("switch_interval") === "" ? null : Number((Number(value("switch_interval")) / 1000).toPrecision(12)),
      label: value("label") || null,
    };
  }

  async function submit(everyModel = false) {
    const wish = Object.fromEntries(Object.entries(spec()).filter(([, said]) => said !== null));
    const { model, ...work } = wish;
    complain(null);
    for (const button of [run, compare]) button.disabled = true;
    try {
      const started = await (everyModel ? startComparison(work) : startRun(wish));
      remember(wish);
      (everyModel ? onCompared : onStarted)(started);
    } catch (error) {
      complain(error);
    } finally {
      for (const button of [run, compare]) button.disabled = Boolean(offer.read_only);
    }
  }

  /** Shows each message at its field, and what belongs to none above the button. */
  function complain(error) {
    for (const place of form.querySelectorAll(".error")) place.hidden = true;
    for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
    complaint.hidden = true;
    if (!error) return;
    const left = [];
    let first = null;
    for (const [field, message] of error instanceof Problem ? error.fields : []) {
      const place = document.getElementById(`error-${field}`);
      const control = form.querySelector(`[data-field="${CSS.escape(field)}"] :is(input, select)`);
      if (!place || !control) {
        left.push(`${field}: ${message}`);
        continue;
      }
      place.textContent = message;
      place.hidden = false;
      place.closest("details")?.setAttribute("open", "");
      if (control.type !== "radio") control.setAttribute("aria-invalid", "true");
      first ??= control;
    }
    if (!first || left.length) {
      complaint.textContent = left.join("; ") || error.message;
      complaint.hidden = false;
    }
    first?.focus();
  }

  function set(wish) {
    for (const name of ["workload", "model"]) {
      const radio = form.querySelector(`input[name="${name}"][value="${CSS.escape(wish[name] ?? "")}"]`);
      if (radio) radio.checked = true;
    }
    typed.clear();
    for (const [key, said] of Object.entries(wish.params ?? {})) typed.set(`params.${key}`, String(said));
    form.elements.namedItem("workers").value = wish.workers ?? limits.workers.default;
    form.elements.namedItem("jobs").value = wish.jobs ?? "";
    if (offer.interpreters.some((one) => one.id === wish.interpreter)) form.elements.namedItem("interpreter").value = wish.interpreter;
    delete parameters.dataset.workload;
    refresh();
    const method = form.elements.namedItem("start_method");
    if (method && [...method.options].some((option) => option.value === wish.start_method)) method.value = wish.start_method;
  }

  function readOnly() {
    form.prepend(h("p", { class: "notice" }, "This server only shows what is recorded: runs cannot be started here."));
    for (const control of form.elements) control.disabled = true;
  }

  return { set, run: () => submit() };
}

/** Why the model cannot run on this interpreter; null if it can. */
function obstacleOf(chosen, model) {
  if (!chosen || !model?.oldest || !isOlder(chosen.version, model.oldest)) return null;
  return `${model.title} need CPython ${model.oldest.join(".")} or later, and this is ${chosen.version}.`;
}

/** Where the chosen interpreter is and how it was built; or why it cannot be this one. */
function tellInterpreter(place, chosen, obstacle) {
  place.dataset.kind = obstacle ? "warn" : "";
  place.textContent = obstacle ?? [chosen?.build, chosen?.path].filter(Boolean).join(" · ");
}

function isOlder(version, [major, minor]) {
  const [its, own] = version.split(".").map(Number);
  return its < major || (its === major && own < minor);
}

function named({ name, title }) {
  return { value: name, label: title && title.length <= 24 ? title : name };
}

function bounds({ minimum, maximum }) {
  return { minimum, maximum };
}

function whole(said) {
  return said === "" ? null : Number(said);
}

function shortVersion({ version, free_threaded: free }) {
  return `${version}${free ? "t" : ""}`;
}

function gilOn({ free_threaded: free, gil_enabled: enabled }) {
  return free && enabled ? " with GIL" : "";
}

function interpreterLabel(one) {
  const notes = [one.own ? "gilscope's own" : null, one.free_threaded ? (one.gil_enabled ? "free-threaded, GIL on" : "free-threaded, no GIL") : null].filter(Boolean);
  return `${one.implementation} ${shortVersion(one)}${notes.length ? ` (${notes.join(", ")})` : ""}`;
}

/** The last wish, so that *Back* finds the form as it was left; for this tab only. */
function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(REMEMBERED));
  } catch {
    return null;
  }
}

function remember(wish) {
  try {
    sessionStorage.setItem(REMEMBERED, JSON.stringify(wish));
  } catch {
    // A browser that keeps nothing only forgets the form.
  }
}
