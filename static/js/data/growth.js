// How far a live trace has grown, from its event stream. What it grew by is not read here: pictures are drawn from `view`.
//
// The stream is closed while the page is hidden and at the end: a browser has few connections to a host. When it is lost it is opened
// again, sooner at first than later, and the page says so until then.

import { api } from "./urls.js";

const PATIENCE_MS = [500, 1000, 2000, 4000];

/**
 * follow(id, {grown(ns), status(change), ended(), lost(), resumed()}): answers a function that stops following.
 */
export function follow(id, { grown, status, ended, lost, resumed }) {
  let source = null;
  let retry = null;
  let failures = 0;
  let over = false;

  function open() {
    retry = null;
    if (over || source || document.hidden) return;
    source = new EventSource(api.stream(id));
    source.addEventListener("open", alive);
    source.addEventListener("frame", (event) => {
      alive();
      grown(JSON.parse(event.data).t_ns);
    });
    source.addEventListener("status", (event) => {
      alive();
      status(JSON.parse(event.data));
    });
    source.addEventListener("end", () => {
      stop();
      ended();
    });
    source.addEventListener("error", () => {
      if (over) return;
      close();
      failures += 1;
      lost();
      retry = setTimeout(open, PATIENCE_MS[Math.min(failures - 1, PATIENCE_MS.length - 1)]);
    });
  }

  function alive() {
    if (failures) resumed();
    failures = 0;
  }

  function close() {
    source?.close();
    source = null;
  }

  function visibility() {
    clearTimeout(retry);
    if (document.hidden) close();
    else open();
  }

  function stop() {
    over = true;
    clearTimeout(retry);
    close();
    document.removeEventListener("visibilitychange", visibility);
  }

  document.addEventListener("visibilitychange", visibility);
  open();
  return stop;
}
