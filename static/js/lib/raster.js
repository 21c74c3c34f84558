/** Pixels (as `paint` answers them) as the URL of an image. A data URL, because Plotly shows one at once, with no frame in between. */
export function urlOf({ width, height, data }) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas.toDataURL("image/png");
}
