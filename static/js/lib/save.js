/** Hands the reader a file, as a link that downloads would. `content`: a Blob, or the URL of one. */
export function save(content, name) {
  const url = typeof content === "string" ? content : URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  if (typeof content !== "string") setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
