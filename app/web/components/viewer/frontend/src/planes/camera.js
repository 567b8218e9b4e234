// Which part of a plane a tile shows: how much it is enlarged and where its middle is, a plane at a time.
const CLOSEST = 40
const FARTHEST = 0.5
const CLOSE_UP_MM = 45 // across, of the close-up of a finding
const DIAMETERS = 3 // across, where the finding is large

export class Cameras {
  constructor() {
    this.fit()
  }

  /** All of every plane. */
  fit() {
    this.planes = [0, 1, 2].map(() => ({ zoom: 1, middle: [0, 0] }))
  }

  /** Enlarge about a point of the plane (millimetres from the image's middle), which stays where it is. */
  zoomAt(plane, factor, about) {
    const camera = this.planes[plane]
    const zoom = Math.min(CLOSEST, Math.max(FARTHEST, camera.zoom * factor))
    camera.middle = camera.middle.map((value, axis) => about[axis] + ((value - about[axis]) * camera.zoom) / zoom)
    camera.zoom = zoom
  }

  pan(plane, byMm) {
    this.planes[plane].middle = this.planes[plane].middle.map((value, axis) => value + byMm[axis])
  }

  /** Millimetres a pixel where `whole` (NiiVue's field of view of a plane) fits a tile. */
  static fitScale(whole, [width, height]) {
    return Math.max(whole.fovMM[0] / width, whole.fovMM[1] / height)
  }

  /** The field of view of a tile that has the tile's own shape. */
  frame(whole, plane, size) {
    const { zoom, middle } = this.planes[plane]
    const limited = middle.map((value, axis) => Math.min(whole.fovMM[axis] / 2, Math.max(-whole.fovMM[axis] / 2, value)))
    this.planes[plane].middle = limited
    const at = limited.map((value, axis) => value + (whole.mnMM[axis] + whole.mxMM[axis]) / 2)
    return around(whole, at, Cameras.fitScale(whole, size) / zoom, size)
  }
}

/** The field of view of a close-up. */
export function closeUpFrame(whole, at, diameterMm, size) {
  const acrossMm = Math.max(CLOSE_UP_MM, DIAMETERS * diameterMm)
  return around(whole, at, acrossMm / Math.min(...size), size)
}

function around(whole, at, mmPerPixel, size) {
  const framed = { ...whole, mnMM: [...whole.mnMM], mxMM: [...whole.mxMM], fovMM: [...whole.fovMM] }
  for (const axis of [0, 1]) {
    framed.fovMM[axis] = size[axis] * mmPerPixel
    framed.mnMM[axis] = at[axis] - framed.fovMM[axis] / 2
    framed.mxMM[axis] = at[axis] + framed.fovMM[axis] / 2
  }
  return framed
}
