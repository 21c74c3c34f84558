// By what a trace was seen, as small badges: exact, sampled, inferred, off.

import { h, put } from "../lib/dom.js";
import { QUALITIES, SOURCES } from "../lib/states.js";

export function drawSources(element, { sources, spec }) {
  const without = spec.interpreter?.free_threaded && !spec.interpreter.gil_enabled;
  const names = [...Object.keys(SOURCES).filter((name) => name in sources), ...Object.keys(sources).filter((name) => !(name in SOURCES))];
  put(
    element,
    names.map((name) => {
      const quality = sources[name];
      if (name === "gil" && without) return h("span", { class: "source", title: "This interpreter ran without a GIL." }, h("b", {}, "no GIL"));
      const says = [SOURCES[name]?.says, QUALITIES[quality]].filter(Boolean).join(". ");
      return h("span", { class: "source", data: { quality }, title: `${says}.` }, h("b", {}, SOURCES[name]?.label ?? name), ` ${quality}`);
    }),
  );
}
