// The API's documentation: its examples can be copied.

import { toast } from "../views/toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = button.closest("figure").querySelector("pre").textContent;
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    getSelection().selectAllChildren(button.closest("figure").querySelector("pre"));
    toast("Selected: press Ctrl+C to copy.");
  }
});
