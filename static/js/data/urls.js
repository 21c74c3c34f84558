// The only module that spells addresses: of pages, of the interface, of downloads.

const API = "/api/v1";

export const pages = {
  home: () => "/",
  trace: (id, query = "") => `/t/${encodeURIComponent(id)}${query}`,
  comparison: (id) => `/c/${encodeURIComponent(id)}`,
  chosen: (ids) => `/c?ids=${ids.map(encodeURIComponent).join(",")}`,
};

export const api = {
  host: () => `${API}/host`,
  models: () => `${API}/models`,
  workloads: () => `${API}/workloads`,
  interpreters: () => `${API}/interpreters`,
  traces: (query = {}) => `${API}/traces${search(query)}`,
  trace: (id) => `${API}/traces/${encodeURIComponent(id)}`,
  cancel: (id) => `${api.trace(id)}/cancel`,
  lanes: (id, query = {}) => `${api.trace(id)}/lanes${search(query)}`,
  view: (id, query) => `${api.trace(id)}/view${search(query)}`,
  metrics: (id, query = {}) => `${api.trace(id)}/metrics${search(query)}`,
  explain: (id, query) => `${api.trace(id)}/explain${search(query)}`,
  search: (id, query) => `${api.trace(id)}/search${search(query)}`,
  selection: (id, query) => `${api.trace(id)}/selection${search(query)}`,
  selectionFile: (id, query) => `${api.trace(id)}/selection.csv${search(query)}`,
  laneSegments: (id, lane, query) => `${api.trace(id)}/lanes/${lane}/segments${search(query)}`,
  stream: (id) => `${api.trace(id)}/stream?segments=false`,
  exportAs: (id, format, query = {}) => `${api.trace(id)}/export/${format}${search(query)}`,
  figure: (id, query = {}) => `${api.trace(id)}/figure${search(query)}`,
  thumbnail: (id, query = {}) => `${api.trace(id)}/thumbnail${search(query)}`,
  comparisons: (query = {}) => `${API}/comparisons${search(query)}`,
  comparison: (id, query = {}) => `${API}/comparisons/${encodeURIComponent(id)}${search(query)}`,
  comparisonOf: (ids) => `${API}/comparisons/of${search({ ids: ids.join(",") })}`,
  cancelComparison: (id) => `${api.comparison(id)}/cancel`,
  importBundle: () => `${API}/traces/import`,
};

/** This page's whole address with another query, for `history.replaceState` and *Copy link*. */
export function here(query) {
  return `${location.origin}${location.pathname}${search(query)}`;
}

/** An address of the interface for who is not on this page. */
export function whole(path) {
  return `${location.origin}${path}`;
}

function search(query) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [name, String(value)]));
  const text = parameters.toString();
  return text ? `?${text}` : "";
}
