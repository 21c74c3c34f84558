// A label that its reader can edit in place.

import { h, put } from "../lib/dom.js";

const LONGEST = 200;

/** editableLabel(place, {label, readOnly, onSave(text)}): shows it in `place`; while it is being edited it is left alone. */
export function editableLabel(place, { label, readOnly, onSave }) {
  if (place.querySelector("input")) return;
  if (readOnly) {
    place.textContent = label ?? "";
    return;
  }
  put(place, label ? h("span", { class: "mark" }, label) : null, h("button", { class: "linklike small", type: "button", id: "edit-label" }, label ? "edit" : "add a label"));
  place.onclick = (event) => event.target.closest("#edit-label") && edit();

  function edit() {
    const input = h("input", { type: "text", value: label ?? "", maxlength: LONGEST, "aria-label": "Label" });
    const form = h("form", { class: "labelform" }, input, h("button", { class: "button tiny", type: "submit" }, "Save"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      place.replaceChildren();
      onSave(input.value);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      place.replaceChildren();
      editableLabel(place, { label, readOnly, onSave });
    });
    place.replaceChildren(form);
    input.focus();
    input.select();
  }
}
