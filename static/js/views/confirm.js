import { byId } from "../lib/dom.js";

/** Asks before something that cannot be undone. Resolves to whether the answer was yes; Escape is no. */
export function confirm({ title, text, yes = "Delete", no = "Keep it" }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  dialog.querySelector("button[value=no]").textContent = no;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
