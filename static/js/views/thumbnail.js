// The small picture of a run in a list: one image, which the server makes once.

import { api } from "../data/urls.js";
import { h } from "../lib/dom.js";
import { isDark } from "../lib/palette.js";

/** The picture as far as the run is told; null while there is nothing to show. It goes away by itself if it cannot be had. */
export function thumbnail(trace) {
  if (!(trace.t_ns > 0)) return null;
  const picture = h("img", { src: api.thumbnail(trace.id, { theme: isDark() ? "dark" : "light", at: trace.t_ns }), alt: `Timeline of ${trace.label || trace.title}`, width: 132, height: 44, loading: "lazy", decoding: "async" });
  picture.addEventListener("error", () => picture.remove());
  return picture;
}
