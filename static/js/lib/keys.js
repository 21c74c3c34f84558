// The keys of a timeline: what each does, by a name that the timeline knows, and in words. The help lists the same.

/** {act, keys: as `KeyboardEvent.key` tells them, shown: what is written on them, says, group, near: only while the timeline has the focus}. */
export const KEYS = [
  { act: "zoomIn", keys: ["w", "+", "="], shown: ["W"], says: "zoom in at the pointer", group: "Move" },
  { act: "zoomOut", keys: ["s", "-"], shown: ["S"], says: "zoom out", group: "Move" },
  { act: "panLeft", keys: ["a", "ArrowLeft"], shown: ["A", "←"], says: "move to earlier", group: "Move", near: ["ArrowLeft"] },
  { act: "panRight", keys: ["d", "ArrowRight"], shown: ["D", "→"], says: "move to later", group: "Move", near: ["ArrowRight"] },
  { act: "whole", keys: ["0"], shown: ["0"], says: "the whole run", group: "Move" },
  { act: "back", keys: ["["], shown: ["["], says: "back to the window before", group: "Move" },
  { act: "forward", keys: ["]"], shown: ["]"], says: "forward again", group: "Move" },
  { act: "laneUp", keys: ["ArrowUp"], shown: ["↑"], says: "the lane above", group: "Choose", near: ["ArrowUp"] },
  { act: "laneDown", keys: ["ArrowDown"], shown: ["↓"], says: "the lane below", group: "Choose", near: ["ArrowDown"] },
  { act: "choose", keys: ["Enter"], shown: ["Enter"], says: "choose the segment of this lane, and ask why", group: "Choose", near: ["Enter"] },
  { act: "next", keys: ["."], shown: ["."], says: "the next segment", group: "Choose" },
  { act: "previous", keys: [","], shown: [","], says: "the previous segment", group: "Choose" },
  { act: "focus", keys: ["f"], shown: ["F"], says: "centre the chosen segment; once more: fit it", group: "Choose" },
  { act: "mark", keys: ["m"], shown: ["M"], says: "select the time of the chosen segment, or of the window", group: "Choose" },
  { act: "clear", keys: ["Escape"], shown: ["Esc"], says: "clear what is chosen, then what is selected", group: "Choose" },
  { act: "pin", keys: ["p"], shown: ["P"], says: "keep this lane on top", group: "Lanes" },
  { act: "fold", keys: ["c"], shown: ["C"], says: "fold or unfold this lane", group: "Lanes" },
  { act: "raise", keys: ["{"], shown: ["{"], says: "move this lane up", group: "Lanes" },
  { act: "lower", keys: ["}"], shown: ["}"], says: "move this lane down", group: "Lanes" },
  { act: "follow", keys: ["l"], shown: ["L"], says: "follow the newest, while a run goes on", group: "Live" },
  { act: "pause", keys: [" "], shown: ["Space"], says: "pause and resume the picture, while a run goes on", group: "Live", near: [" "] },
  { act: "search", keys: ["/"], shown: ["/"], says: "search", group: "Page" },
  { act: "help", keys: ["?"], shown: ["?"], says: "these keys", group: "Page" },
];

/** What a key means; null: nothing. `focused`: whether the timeline has the focus, or the page as a whole. */
export function meaning(key, focused) {
  const pressed = key.length === 1 ? key.toLowerCase() : key;
  const found = KEYS.find(({ keys }) => keys.includes(pressed));
  return found && (focused || !found.near?.includes(pressed)) ? found.act : null;
}
