// Choosing several runs of the list, to hold them against each other.

import { pages } from "../data/urls.js";
import { byId, h, put } from "../lib/dom.js";

const FEWEST = 2;
const MOST = 20;

/**
 * startChoosing(list, onMode()): `#choose` turns it on and off, `#chosen` says how many there are and goes on; `onMode` hears of both.
 * Answers {on, box(trace)}: whether it is on, and what chooses a run, to be put into its row.
 */
export function startChoosing(list, onMode) {
  const [button, bar] = [byId("choose"), byId("chosen")];
  const chosen = new Set();
  let on = false;
  button.addEventListener("click", () => turn(!on));
  list.addEventListener("change", (event) => {
    const { name, value, checked } = event.target;
    if (name !== "chosen") return;
    if (checked) chosen.add(value);
    else chosen.delete(value);
    draw();
  });
  bar.addEventListener("click", (event) => {
    const { act } = event.target.dataset;
    if (act === "compare") location.assign(pages.chosen([...chosen]));
    if (act === "leave") turn(false);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && on && !document.querySelector("dialog[open]") && turn(false));

  function turn(wanted) {
    on = wanted;
    if (!on) chosen.clear();
    button.setAttribute("aria-pressed", String(on));
    list.dataset.choosing = on ? "yes" : "no";
    for (const box of list.querySelectorAll("input[name=chosen]")) box.checked = chosen.has(box.value);
    bar.hidden = !on;
    draw();
    onMode();
  }

  function draw() {
    const many = chosen.size;
    const said = many < FEWEST ? `Choose ${FEWEST} to ${MOST} runs${many ? ": one is chosen" : ""}.` : many > MOST ? `${many} runs are chosen: at most ${MOST} can be compared at once.` : `${many} runs are chosen.`;
    put(
      bar,
      h("p", { role: "status" }, said),
      h("button", { class: "button primary", type: "button", data: { act: "compare" }, disabled: many < FEWEST || many > MOST }, "Compare"),
      h("button", { class: "button", type: "button", data: { act: "leave" } }, "Cancel"),
    );
  }

  return {
    get on() {
      return on;
    },
    box: (trace) => h("label", { class: "choosebox" }, h("input", { type: "checkbox", name: "chosen", value: trace.id, checked: chosen.has(trace.id), "aria-label": `Choose ${trace.label || trace.title}` })),
  };
}
