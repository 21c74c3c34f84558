// What lanes are called wherever they are spoken of: as in the timeline. Pure.

import { workerNames } from "./lane-tree.js";
import { fullName, gilName, shortened } from "./rows.js";

/** lanes: as the interface tells them. Answers a function: lane id → {name, full, kind}, made once per set of lanes. */
export function namesOf(lanes) {
  const byId = new Map(lanes.map((lane) => [lane.id, lane]));
  const workers = workerNames(lanes);
  return (id) => {
    const lane = byId.get(id);
    if (!lane) return { name: `lane ${id}`, full: `lane ${id}`, kind: null };
    return { name: lane.kind === "interpreter" ? gilName(lane) : shortened(workers.get(id) ?? lane.name), full: fullName(lane), kind: lane.kind };
  };
}
