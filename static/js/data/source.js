// Where a timeline's facts come from: an object with five questions. Views take a source and never an id, so that the same page can be drawn
// from a server or from a file that carries everything with it.
//
//     view(query, options)      what a screen needs of a window, its columns as bytes (`getView` says how)
//     lanes(options)            all lanes, an array
//     explain(query, options)   why a lane is as it is at an instant: query {lane, t}
//     metrics(query, options)   the figures of the trace, or of a window: query {t0, t1} or {}
//     search(query, options)    lanes and segments by words: query {q, after, limit}
//
// One that can also tell things in numbers has these; where they are missing, the page does without a selection's sums and the table.
//
//     selection(query, options) what a window adds up to: query {t0, t1, lanes, find, sort, after, limit}
//     segments(query, options)  one lane's segments of a window: query {lane, t0, t1, state, after, limit}
//     selectionFile(query)      the address of a selection as CSV
//
// Each answers a promise; `options` may carry an AbortSignal as `signal`. What goes wrong is a `Problem`.

import { getExplanation, getLaneSegments, getLanes, getMetrics, getSelection, getView, searchTrace } from "./api.js";
import { api } from "./urls.js";

/** The source that asks the server for one trace. */
export function serverSource(id) {
  return {
    view: (query, options) => getView(id, query, options),
    lanes: (options) => getLanes(id, options),
    explain: (query, options) => getExplanation(id, query, options),
    metrics: (query, options) => getMetrics(id, query, options),
    search: (query, options) => searchTrace(id, query, options),
    selection: (query, options) => getSelection(id, query, options),
    segments: ({ lane, ...query }, options) => getLaneSegments(id, lane, query, options),
    selectionFile: (query) => api.selectionFile(id, query),
  };
}
