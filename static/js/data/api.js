// Speaks to the server, and is the only module that does. Every failure is a `Problem` that says what is wrong in words.

import { bytesOf } from "../lib/bytes.js";
import { api } from "./urls.js";

/** What the server refused (RFC 9457), or that it could not be reached (`status` 0). `fields`: field → message, of a 422. */
export class Problem extends Error {
  constructor(status, detail, errors = []) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.fields = new Map(errors.map(({ field, message }) => [field, message]));
  }
}

export const getHost = (options) => ask(api.host(), options);
export const getModels = async (options) => items(await ask(api.models(), options));
export const getWorkloads = async (options) => items(await ask(api.workloads(), options));
export const getInterpreters = async (options) => items(await ask(api.interpreters(), options));
export const listTraces = (query, options) => ask(api.traces(query), options);
export const getTrace = (id, options) => ask(api.trace(id), options);
export const startRun = (spec) => send("POST", api.traces(), spec);
export const cancelRun = (id) => send("POST", api.cancel(id), {});
export const changeTrace = (id, changes) => send("PATCH", api.trace(id), changes);
export const deleteTrace = (id) => send("DELETE", api.trace(id));
export const getMetrics = (id, query, options) => ask(api.metrics(id, query), options);
export const getExplanation = (id, query, options) => ask(api.explain(id, query), options);
export const searchTrace = (id, query, options) => ask(api.search(id, query), options);
export const getSelection = (id, query, options) => ask(api.selection(id, query), options);
export const getLaneSegments = (id, lane, query, options) => ask(api.laneSegments(id, lane, query), options);

export const listComparisons = (query, options) => ask(api.comparisons(query), options);
export const getComparison = (id, options) => ask(api.comparison(id), options);
export const getComparisonOf = (ids, options) => ask(api.comparisonOf(ids), options);
export const startComparison = (spec) => send("POST", api.comparisons(), spec);
export const cancelComparison = (id) => send("POST", api.cancelComparison(id), {});
export const renameComparison = (id, label) => send("PATCH", api.comparison(id), { label });
export const deleteComparison = (id, { traces }) => send("DELETE", api.comparison(id, { traces }));

/** All lanes, however many. */
export async function getLanes(id, options) {
  const lanes = [];
  let after = null;
  do {
    const page = await ask(api.lanes(id, { after, limit: 10000 }), options);
    lanes.push(...page.items);
    after = page.next_cursor ?? null;
  } while (after !== null);
  return lanes;
}

/**
 * What a screen needs of a window: the answer of `…/view` with its columns as bytes.
 * `coverage`: Map(lane → {state: Uint8Array}); `refs`: Map(lane → {lane of the holder: Uint8Array}); `segments`, `open` and
 * `at_work`: {most, bytes}, how many threads are at work, 255 = `most`; null if it was not asked for. `edges`: objects; `edges_in_window`: how many there are, null if the query's `edges` asked for none.
 */
export async function getView(id, query, options) {
  const view = await ask(api.view(id, query), options);
  const atWork = view.at_work ? { ...view.at_work, bytes: bytesOf(view.at_work.bytes) } : null;
  return { ...view, at_work: atWork, open: view.open ?? [], edges: view.edges ?? [], coverage: decoded(view.coverage), refs: decoded(view.holders ?? {}) };
}

function decoded(columns) {
  return new Map(Object.entries(columns).map(([lane, shares]) => [Number(lane), Object.fromEntries(Object.entries(shares).map(([name, text]) => [name, bytesOf(text)]))]));
}

function items(answer) {
  return Array.isArray(answer) ? answer : answer.items;
}

function send(method, url, body) {
  return ask(url, { method, headers: body === undefined ? {} : { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
}

async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The server cannot be reached.");
  }
  if (response.status === 204) return null;
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    throw new Problem(response.status, `The server answered something that cannot be read (${response.status}).`);
  }
  if (!response.ok) throw new Problem(response.status, body?.detail ?? `The server answered ${response.status}.`, body?.errors ?? []);
  return body;
}
