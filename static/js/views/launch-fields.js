// Fields of the launch form, one kind each. Every field is `<div class="field" data-field="params.size">` with a place for its error.

import { h } from "../lib/dom.js";

/** A row of choices of which one holds. options: [{value, label}]. */
export function choices({ name, legend, options, value, onChange }) {
  return h(
    "fieldset",
    { class: "field", data: { field: name } },
    h("legend", {}, legend),
    h(
      "div",
      { class: "choices" },
      options.map((option) =>
        h("label", { class: "choice" }, h("input", { type: "radio", name, value: option.value, checked: option.value === value, on: { change: onChange } }), h("span", {}, option.label)),
      ),
    ),
    h("p", { class: "help", id: `help-${name}`, "aria-live": "polite" }),
    errorPlace(name),
  );
}

/** A number with its bounds and unit; `placeholder` is what empty stands for. */
export function number({ name, label, value, minimum, maximum, step, unit, placeholder, help, onChange }) {
  return field(name, label, unit, help, (described) =>
    h("input", { id: idOf(name), name, type: "number", inputmode: "decimal", min: minimum, max: maximum, step: step ?? "any", value, placeholder, "aria-describedby": described, on: { input: onChange } }),
  );
}

export function text({ name, label, value, maximum, placeholder, help }) {
  return field(name, label, null, help, (described) => h("input", { id: idOf(name), name, type: "text", value, maxlength: maximum, placeholder, autocomplete: "off", "aria-describedby": described }));
}

export function select({ name, label, options, value, help, onChange }) {
  return field(name, label, null, help, (described) =>
    h(
      "select",
      { id: idOf(name), name, "aria-describedby": described, on: { change: onChange } },
      options.map((option) => h("option", { value: option.value, selected: option.value === value }, option.label)),
    ),
  );
}

/** The field of a parameter, from its JSON Schema. */
export function parameter(key, schema) {
  const name = `params.${key}`;
  const told = (schema.title ?? key).replaceAll("_", " ");
  // "latency ms" in ms is a latency.
  const words = schema.unit && told.toLowerCase().endsWith(` ${schema.unit.toLowerCase()}`) ? told.slice(0, -schema.unit.length - 1) : told;
  const common = { name, label: words[0].toUpperCase() + words.slice(1), help: schema.description, unit: schema.unit === words ? null : schema.unit };
  if (schema.enum) return select({ ...common, value: schema.default, options: schema.enum.map((value) => ({ value, label: String(value) })) });
  if (schema.type === "boolean") return select({ ...common, value: String(schema.default), options: [{ value: "true", label: "yes" }, { value: "false", label: "no" }] });
  if (schema.type === "string") return text({ ...common, value: schema.default, maximum: schema.maxLength });
  return number({ ...common, value: schema.default, minimum: schema.minimum, maximum: schema.maximum, step: schema.type === "integer" ? 1 : "any", help: withBounds(schema) });
}

/** What a parameter's control says, as its schema's type. */
export function valueOf(text, schema) {
  if (schema.enum) return schema.enum.find((value) => String(value) === text);
  if (schema.type === "boolean") return text === "true";
  return schema.type === "string" ? text : Number(text);
}

function withBounds({ description, minimum, maximum }) {
  const bounds = minimum !== undefined && maximum !== undefined ? `${short(minimum)} to ${short(maximum)}` : minimum !== undefined ? `at least ${short(minimum)}` : maximum !== undefined ? `at most ${short(maximum)}` : "";
  const sentence = description ? description.replace(/\.$/, "") : "";
  return [sentence, bounds].filter(Boolean).join("; ");
}

function short(value) {
  return value.toLocaleString("en", { maximumFractionDigits: 6 });
}

function field(name, label, unit, help, control) {
  const described = [`help-${name}`, `error-${name}`].join(" ");
  return h(
    "div",
    { class: "field", data: { field: name } },
    h("label", { for: idOf(name) }, label, unit ? h("span", { class: "unit" }, ` (${unit})`) : null),
    control(described),
    help ? h("p", { class: "help", id: `help-${name}` }, help) : null,
    errorPlace(name),
  );
}

function errorPlace(name) {
  return h("p", { class: "error", id: `error-${name}`, role: "alert", hidden: true });
}

function idOf(name) {
  return `field-${name.replaceAll(".", "-")}`;
}
