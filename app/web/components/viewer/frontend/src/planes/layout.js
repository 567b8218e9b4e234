// Where the planes stand on the stage. Tiles are shares of the canvas: left, top, width, height.
import { SLICE_TYPE } from '@niivue/niivue'

const PLANES = [SLICE_TYPE.AXIAL, SLICE_TYPE.CORONAL, SLICE_TYPE.SAGITTAL]
const GAP_PX = 3
const LARGEST_AXIAL = 0.6

/**
 * The tiles of a stage.
 * @param {{layout: string, plane: number, closeUp: boolean}} chosen
 * @param {[number, number]} stage width and height in pixels
 * @param {[number, number, number]} sizeMm of the volume: across, front to back, height
 */
export function tiles({ layout, plane, closeUp }, stage, sizeMm) {
  if (layout === 'three') return three(stage, sizeMm, closeUp)
  return one(plane, stage, closeUp && layout === 'one')
}

/** The axial plane at full height; beside it the two others and, below them, the finding close up. */
function three([width, height], [x, y, z], closeUp) {
  const left = Math.min(LARGEST_AXIAL * width, (height * x) / y)
  const rest = width - left - GAP_PX
  const each = (rest - GAP_PX) / 2
  const inset = closeUp ? Math.min((rest - 2 * GAP_PX) / 3, Math.max(height * 0.3, height - (each * z) / Math.max(x, y))) : -GAP_PX
  const top = height - inset - GAP_PX
  const share = shares(width, height)
  return [
    share(0, [0, 0, left, height]),
    share(1, [left + GAP_PX, 0, each, top]),
    share(2, [left + each + 2 * GAP_PX, 0, each, top]),
    ...(closeUp ? row([left + GAP_PX, top + GAP_PX, rest, inset], share) : []),
  ]
}

function one(plane, [width, height], closeUp) {
  const share = shares(width, height)
  if (!closeUp) return [share(plane, [0, 0, width, height])]
  const side = (height - 2 * GAP_PX) / 3
  const insets = [0, 1, 2].map((index) => ({ ...share(index, [width - side, index * (side + GAP_PX), side, side]), inset: true }))
  return [share(plane, [0, 0, width - side - GAP_PX, height]), ...insets]
}

function row([left, top, width, height], share) {
  const each = (width - 2 * GAP_PX) / 3
  return [0, 1, 2].map((index) => ({ ...share(index, [left + index * (each + GAP_PX), top, each, height]), inset: true }))
}

function shares(width, height) {
  return (plane, [left, top, w, h]) => ({
    sliceType: PLANES[plane],
    position: [left / width, top / height, Math.max(1, w) / width, Math.max(1, h) / height],
  })
}
