// Builds and finds elements. Text always becomes a text node: nothing that came from a trace is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "rect", "circle", "line", "g", "title"]);

/**
 * h("button", {class: "button", type: "button", on: {click}}, "Run", h("kbd", {}, "R")): an element with attributes, listeners, children.
 * `null`, `undefined` and `false` attributes and children are left out; `true` makes an empty attribute; `data: {a}` sets `data-a`.
 */
export function h(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, defined(value));
    else if (name === "style") for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The element with this id. A template that lacks it is a defect, so this throws. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** Replaces children only when they differ, so that focus, hover and the reader's selection survive a refresh that changed nothing. */
export function put(element, ...children) {
  const fresh = document.createElement(element.tagName);
  fresh.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  const same = fresh.childNodes.length === element.childNodes.length && [...fresh.childNodes].every((node, i) => node.isEqualNode(element.childNodes[i]));
  if (!same) element.replaceChildren(...fresh.childNodes);
  return element;
}

/** What the server put into the page for its script: the JSON in `#boot`. */
export function boot() {
  return JSON.parse(byId("boot").textContent);
}

function defined(record) {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));
}
