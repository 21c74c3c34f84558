// What stands beside a timeline and says in words and numbers what it shows: search, selection, table, help. One call wires them all.

import { byId, h } from "../lib/dom.js";
import { startHelp } from "./help.js";
import { startSearch } from "./search.js";
import { startSelection } from "./selection.js";
import { startTable } from "./table.js";

/**
 * startPanels(tools, {source, state, timeline, lanes()}): `tools` gets two buttons; the rest has its places on the page: #search, #selection,
 * #table, #help. Answers {refresh(), renamed(), search(), help()}: the trace has grown; its lanes are known, or are others; the reader wants
 * to search, or to read the keys.
 */
export function startPanels(tools, { source, state, timeline, lanes }) {
  const sumUp = toggle("Sum up", "Select what is on screen, and see below what it adds up to");
  const asTable = toggle("Table", "The same in numbers: lane by lane, and segment by segment");
  if (source.selection) tools.append(h("span", { class: "toolgroup" }, sumUp, asTable));
  const shared = { source, state, timeline, lanes };
  const search = startSearch(byId("search"), shared);
  const selection = startSelection(byId("selection"), { ...shared, button: sumUp });
  const table = startTable(byId("table"), { ...shared, button: asTable });
  const help = startHelp(byId("help"));
  return {
    refresh() {
      selection.refresh();
      table.refresh();
    },
    renamed() {
      selection.renamed();
      table.renamed();
    },
    search: search.focus,
    help: help.open,
  };
}

function toggle(name, says) {
  return h("button", { class: "button tiny", type: "button", "aria-pressed": "false", title: says }, name);
}
