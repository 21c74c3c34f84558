// The API's documentation: its examples can be copied, and what its texts put between backticks is set as code.

import { h } from "../lib/dom.js";
import { toast } from "../views/toast.js";

for (const text of document.querySelectorAll(".says, .tagnote, .operation td, .responses span")) {
  for (const node of [...text.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE && child.data.includes("`"))) {
    node.replaceWith(...node.data.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part)));
  }
}

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
