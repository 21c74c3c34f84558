// Takes in runs that somebody exported: files that the reader chooses, or drops anywhere on the page.

import { upload } from "../data/transfer.js";
import { api, pages } from "../data/urls.js";
import { byId } from "../lib/dom.js";
import { toast } from "./toast.js";
import { showTransfer } from "./transfer.js";

/** startImporting({readOnly, onImported()}): `onImported` hears when there may be more runs than before. */
export function startImporting({ readOnly, onImported }) {
  const [button, chooser, zone] = [byId("import"), byId("import-file"), document.body];
  if (readOnly) {
    button.hidden = true;
    return;
  }
  button.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", async () => {
    await take([...chooser.files]);
    chooser.value = "";
  });
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  zone.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.dataset.dropping = "yes";
  });
  zone.addEventListener("dragleave", (event) => event.relatedTarget === null && delete zone.dataset.dropping);
  zone.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    delete zone.dataset.dropping;
    take([...event.dataTransfer.files]);
  });

  async function take(files) {
    for (const file of files) {
      try {
        const trace = await showTransfer(file.name, (options) => send(file, options));
        if (trace === null) toast(`${file.name}: cancelled, nothing was imported.`);
        else toast(`Imported ${trace.label || trace.title}.`);
        if (trace && files.length === 1) location.assign(pages.trace(trace.id));
      } catch (error) {
        toast(`${file.name}: ${error.message}`, "bad");
      }
    }
    await onImported();
  }
}

function send(file, { signal, onProgress, onStage }) {
  const told = (bytes, total) => (total && bytes >= total ? onStage("checking it…") : onProgress(bytes, total));
  return upload(api.importBundle(), file, { signal, onProgress: told });
}
