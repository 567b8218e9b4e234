// Where a point of the patient falls on each of the three slices that NiiVue has drawn.

const AXES = [
  [0, 1, 2], // axial: right-left, front-back, plane at height
  [0, 2, 1], // coronal
  [1, 2, 0], // sagittal
]

/** Screen rectangle of a tile, with mirrored (radiological) tiles told apart. */
export function rectangle(tile) {
  const [left, top, width, height] = tile.leftTopWidthHeight
  return { left: width < 0 ? left + width : left, top, width: Math.abs(width), height, mirrored: width < 0 }
}

/** The tiles that show a plane (axial 0, coronal 1, sagittal 2) through the crosshair; not the close-ups. */
export function planes(nv) {
  return nv.screenSlices.filter((tile) => tile.axCorSag <= 2 && !tile.inset)
}

/** Where the whole image lies on a tile, also what is outside of it, in canvas pixels: left, top, width, height. */
export function imageBox(nv, tile) {
  const { mnMM, mxMM } = nv.wholePlane(tile.axCorSag)
  const { left, top, width, height } = rectangle(tile)
  const x = [mnMM[0], mxMM[0]].map((mm) => left + ((mm - tile.leftTopMM[0]) / tile.fovMM[0]) * width)
  const y = [mnMM[1], mxMM[1]].map((mm) => top + (1 - (mm - tile.leftTopMM[1]) / tile.fovMM[1]) * height)
  return [Math.min(...x), Math.min(...y), Math.abs(x[1] - x[0]), Math.abs(y[1] - y[0])]
}

/**
 * Canvas position of a world point on a tile.
 * @returns {{x: number, y: number, scale: number, offPlaneMm: number}} scale in canvas pixels per mm
 */
export function project(nv, tile, worldMm) {
  // frac2mm without force gives the space that the tile is drawn in, also for oblique stacks.
  const point = nv.frac2mm(nv.mm2frac(worldMm, 0, true))
  const centre = nv.frac2mm(nv.scene.crosshairPos)
  const [across, down, through] = AXES[tile.axCorSag]
  const { left, top, width, height, mirrored } = rectangle(tile)
  const u = (point[across] - tile.leftTopMM[0]) / tile.fovMM[0]
  const v = (point[down] - tile.leftTopMM[1]) / tile.fovMM[1]
  return {
    x: left + (mirrored ? 1 - u : u) * width,
    y: top + (1 - v) * height,
    scale: width / Math.abs(tile.fovMM[0]),
    offPlaneMm: Math.abs(point[through] - centre[through]),
  }
}
