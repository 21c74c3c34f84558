// Where a timeline's facts come from: an object with five questions. Views take a source and never an id, so that the same page can be drawn
// from a server or from a file that carries everything with it.
//
//     view(query, options)      what a screen needs of a window, its columns as bytes (`getView` says how)
//     lanes(options)            all lanes, an array
//     explain(query, options)   why a lane is as it is at an instant: query {lane, t}
//     metrics(query, options)   the figures of the trace, or of a window: query {t0, t1} or {}
//     search(query, options)    lanes and segments by words: query {q, after, limit}
//
// Each answers a promise; `options` may carry an AbortSignal as `signal`. What goes wrong is a `Problem`.

import { getExplanation, getLanes, getMetrics, getView, searchTrace } from "./api.js";

/** The source that asks the server for one trace. */
export function serverSource(id) {
  return {
    view: (query, options) => getView(id, query, options),
    lanes: (options) => getLanes(id, options),
    explain: (query, options) => getExplanation(id, query, options),
    metrics: (query, options) => getMetrics(id, query, options),
    search: (query, options) => searchTrace(id, query, options),
  };
}
