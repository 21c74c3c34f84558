// A source (data/source.js) that asks nobody: everything that it tells is in the file which the page is.

import { bytesOf } from "../lib/bytes.js";
import { segmentsOf } from "./block.js";
import { sharesViewer } from "./file-shares.js";
import { viewer } from "./file-view.js";

/** told: what engine/exports/embedded.py says. Unpacks it at once; every question waits for that. */
export function fileSource(told) {
  const opened = told.block ? segmentsOf(bytesOf(told.block)).then((segments) => viewer(segments, told)) : Promise.resolve(sharesViewer(told));
  return {
    view: async (query) => (await opened).view(query),
    lanes: async () => told.lanes,
  };
}
