// The home page: launch a run, look at recent ones.

import { pages } from "../data/urls.js";
import { boot, byId, h, put } from "../lib/dom.js";
import { drawLaunch } from "../views/launch.js";
import { drawRecent } from "../views/recent.js";

const offer = boot();
const launch = drawLaunch(offer, {
  onStarted: (trace) => location.assign(pages.trace(trace.id)),
  onCompared: (comparison) => location.assign(pages.comparison(comparison.id)),
});

drawRecent(offer, {
  onEmpty(place) {
    const { workload, model, workers } = offer.recommended;
    put(
      place,
      h("h3", {}, "No runs yet"),
      h("p", {}, `Start with the one that shows what the GIL does: pure-Python arithmetic in ${workers} threads. It takes a few seconds.`),
      offer.read_only ? null : h("button", { class: "button primary large", type: "button", id: "recommended" }, `Run ${workload} under ${model} ×${workers}`),
    );
    place.querySelector("#recommended")?.addEventListener("click", () => {
      launch.set(offer.recommended);
      launch.run();
    });
  },
});

const { host } = offer;
byId("machine").textContent = [host.cores && `${host.cores} ${host.cores === 1 ? "core" : "cores"}`, host.cpu_model ?? host.platform].filter(Boolean).join(" · ");
