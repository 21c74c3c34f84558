/** Puts pixels (as `paint` answers them) on a canvas, of just that size. */
export function putOn(canvas, { width, height, data }) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
}

/** Pixels (as `paint` answers them) as the URL of an image. */
export function urlOf(image) {
  const canvas = document.createElement("canvas");
  putOn(canvas, image);
  return canvas.toDataURL("image/png");
}
