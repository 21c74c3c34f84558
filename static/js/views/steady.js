import { put } from "../lib/dom.js";

/** As `put`; if the focus was on something in `element` with a `data-key`, it is afterwards on what has the same key. */
export function putSteady(element, ...children) {
  const held = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  put(element, ...children);
  if (held !== undefined && !element.contains(document.activeElement)) [...element.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === held)?.focus({ preventScroll: true });
  return element;
}
