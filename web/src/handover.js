/**
 * What leaves the browser: text for the clipboard, files for the disk.
 */

/**
 * Copies a text that is still on its way. A browser may allow it only in the moment of a click: it is promised the text
 * then, where it knows such promises.
 *
 * @param {Promise<string>} coming @returns {Promise<boolean>}  whether the browser took it
 */
export async function copy(coming) {
  const { clipboard } = navigator;
  if (clipboard?.write && typeof ClipboardItem !== "undefined") {
    const blob = coming.then((text) => new Blob([text], { type: "text/plain" }));
    // Why it did not come is told where it is awaited, below.
    blob.catch(() => {});
    try {
      await clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      return true;
    } catch {
      // Older browsers want the text itself.
    }
  }
  const text = await coming;
  try {
    await clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  const url = URL.createObjectURL(blob);
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const SHARP = 2;

/** A picture in points as one in pixels, twice as many each way. @param {string} svg @returns {Promise<Blob>} */
export async function rasterised(svg) {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = SHARP * image.naturalWidth;
    canvas.height = SHARP * image.naturalHeight;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, "image/png"));
    if (blob) return blob;
  } catch {
    // Said below: the browser's own words are about decoding, and help nobody.
  } finally {
    URL.revokeObjectURL(url);
  }
  throw new Error("This browser does not make a PNG of it; the SVG has the same picture.");
}
