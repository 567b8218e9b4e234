// Where the planes stand on the stage. Tiles are shares of the canvas: left, top, width, height.
import { SLICE_TYPE } from '@niivue/niivue'
import { bestBoxes, column } from './arrangements.js'

const PLANES = [SLICE_TYPE.AXIAL, SLICE_TYPE.CORONAL, SLICE_TYPE.SAGITTAL]
const GAP_PX = 3

/**
 * The tiles of a stage.
 * @param {{layout: string, plane: number, closeUp: boolean}} chosen
 * @param {[number, number]} stage width and height in pixels
 * @param {[number, number, number]} sizeMm of the volume: across, front to back, height
 */
export function tiles({ layout, plane, closeUp }, stage, sizeMm) {
  if (layout === 'three') return bestBoxes(stage, sizeMm, closeUp).map((box, index) => tile(index % 3, box, stage, index > 2))
  return one(plane, stage, closeUp && layout === 'one')
}

function one(plane, stage, closeUp) {
  const [width, height] = stage
  if (!closeUp) return [tile(plane, [0, 0, width, height], stage, false)]
  const side = Math.min((height - 2 * GAP_PX) / 3, width / 4)
  const insets = column([width - side, 0, side, height]).map((box, index) => tile(index, box, stage, true))
  return [tile(plane, [0, 0, width - side - GAP_PX, height], stage, false), ...insets]
}

function tile(plane, [left, top, w, h], [width, height], inset) {
  return { sliceType: PLANES[plane], position: [left / width, top / height, Math.max(1, w) / width, Math.max(1, h) / height], inset }
}
