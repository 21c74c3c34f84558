// Numbers as people read them. `null` is "not known" and never 0.

export const NOT_KNOWN = "not known";

const STEPS = [
  { unit: "ns", ns: 1 },
  { unit: "µs", ns: 1e3 },
  { unit: "ms", ns: 1e6 },
  { unit: "s", ns: 1e9 },
  { unit: "min", ns: 60e9 },
];

/** The unit in which a span of so many ns has a short number: the largest one that goes into it at least once. */
export function unitFor(spanNs) {
  const limits = [1e3, 1e6, 1e9, 300e9, Infinity];
  return STEPS[limits.findIndex((limit) => Math.abs(spanNs) < limit)];
}

/** 1234567 → "1.23 ms". Three significant digits; from a minute on "2 min 3 s", from an hour on "2 h 5 min". As the server says it. */
export function duration(ns) {
  if (ns === null || ns === undefined) return NOT_KNOWN;
  if (Math.abs(ns) >= 3600e9) return pair(Math.round(ns / 60e9), "h", "min");
  if (Math.abs(ns) >= 60e9) return pair(Math.round(ns / 1e9), "min", "s");
  if (ns === 0) return "0 s";
  const step = STEPS.slice(0, 4).findLast((candidate) => Math.abs(ns) >= 0.9995 * candidate.ns) ?? STEPS[0];
  return `${step.ns === 1 ? Math.round(ns) : digits(ns / step.ns)} ${step.unit}`;
}

function pair(small, larger, smaller) {
  return `${Math.trunc(small / 60)} ${larger} ${Math.abs(small % 60)} ${smaller}`;
}

/** A time since the start of the trace, fine enough to tell two columns of a picture apart. */
export function instant(ns, resolutionNs = 1) {
  const step = unitFor(ns === 0 ? resolutionNs : ns);
  const decimals = Math.max(0, Math.min(9, Math.ceil(Math.log10(step.ns / Math.max(1, resolutionNs)))));
  return `${(ns / step.ns).toFixed(decimals)} ${step.unit}`;
}

/** 0.7412 → "74 %"; below 10 % with one decimal; never "100 %" for less than all, nor "0 %" for more than nothing. */
export function percent(ratio) {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return NOT_KNOWN;
  if (ratio > 0 && ratio < 0.001) return "< 0.1 %";
  if (ratio > 0.99 && ratio < 1) return "> 99 %";
  return `${(100 * ratio).toFixed(ratio < 0.1 && ratio > 0 ? 1 : 0)} %`;
}

export function count(number) {
  return number === null || number === undefined ? NOT_KNOWN : number.toLocaleString("en");
}

export function ratio(number) {
  return number === null || number === undefined ? NOT_KNOWN : number.toFixed(2);
}

/** "just now", "4 min ago", "yesterday"; and in full, local and UTC, for a tooltip. */
export function ago(iso, now = Date.now()) {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 7 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
  return new Date(iso).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

export function moment(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return { local: String(iso ?? ""), utc: "" };
  return { local: at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }), utc: `${at.toISOString().slice(0, 19).replace("T", " ")} UTC` };
}

function digits(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}
