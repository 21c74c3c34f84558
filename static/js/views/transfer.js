// A long way to or from the server as a small card in the corner: what, how far, and a button that ends it.
//
//     Chrome trace                    12.4 of about 110 MB
//     ██████░░░░░░░░░░░░░░░░░░░░░░░░░            [Cancel]

import { h } from "../lib/dom.js";

const SOON_MS = 350;

/**
 * showTransfer(title, run): `run({signal, onProgress(bytes, total), onStage(text)})` does it. Shown only once it takes a while. Answers
 * what `run` answers; null if the reader cancelled it. Other failures are the caller's to tell.
 */
export async function showTransfer(title, run) {
  const controller = new AbortController();
  const bar = h("progress", { "aria-label": title });
  const said = h("span", { class: "amount" });
  const cancel = h("button", { class: "button tiny", type: "button", on: { click: () => controller.abort() } }, "Cancel");
  const card = h("section", { class: "transfer", "aria-label": title }, h("p", {}, h("strong", {}, title), said), h("div", {}, bar, cancel), h("span", { class: "visually-hidden", role: "status" }, title));
  const timer = setTimeout(() => place().append(card), SOON_MS);
  try {
    return await run({
      signal: controller.signal,
      onProgress(bytes, total) {
        said.textContent = total ? `${megabytes(bytes)} of ${bytes > total ? megabytes(bytes) : megabytes(total)} MB` : `${megabytes(bytes)} MB`;
        if (total) {
          bar.max = Math.max(total, bytes);
          bar.value = bytes;
        }
      },
      onStage(text) {
        said.textContent = text;
        bar.removeAttribute("value");
      },
    });
  } catch (error) {
    if (error.name === "AbortError") return null;
    throw error;
  } finally {
    clearTimeout(timer);
    card.remove();
  }
}

function place() {
  const found = document.querySelector(".transfers");
  return found ?? document.body.appendChild(h("div", { class: "transfers" }));
}

function megabytes(bytes) {
  const number = bytes / 1e6;
  return number < 10 ? number.toFixed(1) : number.toFixed(0);
}
