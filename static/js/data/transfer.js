// Long ways to and from the server: how far they are, and an end to them when the reader changes their mind.

import { Problem } from "./api.js";

const ACCEPT = { Accept: "application/octet-stream, application/problem+json;q=0.9, */*;q=0.8" };

/**
 * Fetches a file: {blob, name}. `onProgress(bytes, total)`: after each piece; `total` is exact, or what the server guesses, or null.
 * `signal` ends it, and with it the server's work. What goes wrong is a Problem.
 */
export async function download(url, { signal, onProgress = () => {} } = {}) {
  const response = await reached(fetch(url, { credentials: "same-origin", headers: ACCEPT, signal }));
  if (!response.ok) throw await problemOf(response);
  const total = Number(response.headers.get("content-length") ?? response.headers.get("x-estimated-length")) || null;
  const reader = response.body.getReader();
  const pieces = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reached(reader.read());
    if (done) break;
    pieces.push(value);
    bytes += value.length;
    onProgress(bytes, total);
  }
  return { blob: new Blob(pieces, { type: response.headers.get("content-type") ?? "" }), name: nameOf(response) };
}

/** Sends a file: what the server answers. `onProgress(bytes, total)`: as far as it has left; the server's own work comes after that. */
export function upload(url, file, { signal, onProgress = () => {} } = {}) {
  // Only this way tells how much has left.
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => request.abort());
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded, event.lengthComputable ? event.total : null));
    request.addEventListener("load", () => {
      const body = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(body);
      else reject(new Problem(request.status, body?.detail ?? `The server answered ${request.status}.`, body?.errors ?? []));
    });
    request.addEventListener("error", () => reject(new Problem(0, "The server cannot be reached, or it refused the file.")));
    request.addEventListener("abort", () => reject(new DOMException("It was cancelled.", "AbortError")));
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  });
}

async function reached(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The server cannot be reached.");
  }
}

async function problemOf(response) {
  const body = parsed(await response.text());
  return new Problem(response.status, body?.detail ?? `The server answered ${response.status}.`, body?.errors ?? []);
}

function nameOf(response) {
  return response.headers.get("content-disposition")?.match(/filename="([^"]+)"/)?.[1] ?? "gilscope";
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
