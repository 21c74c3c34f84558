// Keeps the address of the page in step with the view state: a reload, a copied link and the way back show the same.

import { here } from "../data/urls.js";
import { paced } from "../lib/paced.js";
import { readState, writeState } from "../lib/viewstate.js";

/** Browsers stop listening to a page that changes its address more often than that. */
const EVERY_MS = 250;

/** Writes every change of `state` into the address; `onProblem(text | null)` hears what is wrong with an address that the reader goes back to. */
export function keepAddress(state, onProblem) {
  const write = paced(() => history.replaceState(history.state, "", here(writeState(state.now))), EVERY_MS);
  state.on(write);
  addEventListener("pagehide", () => write.flush());
  addEventListener("popstate", () => {
    const { state: found, problem } = readState(location.search);
    onProblem(problem);
    state.change(found);
  });
}
