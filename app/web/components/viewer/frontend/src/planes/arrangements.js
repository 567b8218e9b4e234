// Where three planes and three close-ups may stand on a stage, and which way shows most of them.
//
// Boxes are left, top, width, height in pixels: axial, coronal, sagittal, then the close-ups.
const GAP_PX = 3
const SHARES = Array.from({ length: 12 }, (_, step) => 0.34 + 0.04 * step)
const WORTH = [1.5, 1, 1] // of a pixel of a plane; nodules are read on the axial one
const LESS = 0.5 // the power of an area: twice as large is not twice as good, so no plane starves another
const CLOSE_UP_WORTH = 0.5
const CLOSE_UP_MOST = 0.09 // of the stage; a larger one shows no more
const CLOSE_UP_LEAST = 0.14 // of the stage's side, were it a square

/**
 * The best boxes for a stage.
 * @param {[number, number]} stage width and height in pixels
 * @param {[number, number, number]} sizeMm of the volume: across, front to back, height
 * @param {boolean} closeUp whether there are close-ups
 */
export function bestBoxes(stage, sizeMm, closeUp) {
  const whole = [0, 0, ...stage]
  const tried = SHARES.flatMap((first) => SHARES.flatMap((second) => [beside, below].flatMap((way) => {
    const [axial, rest] = way(whole, first)
    if (!closeUp) return [beside, below].map((other) => [axial, ...other(rest, 0.5)])
    return [beside, below].flatMap((other) => {
      const [planes, insets] = other(rest, second)
      const three = other === beside ? column(insets) : row(insets)
      return [beside, below].map((last) => [axial, ...last(planes, 0.5), ...three])
    })
  })))
  return tried.reduce((best, boxes) => {
    const worth = worthOf(boxes, stage, sizeMm)
    return !best || worth > best.worth ? { worth, boxes } : best
  }, null).boxes
}

/** Pixels that show something, by what they are worth; a coronal picture is never larger than the axial. */
function worthOf(boxes, [width, height], [x, y, z]) {
  const shapes = [[x, y], [x, z], [y, z]]
  const scales = shapes.map(([across, down], plane) => Math.min(boxes[plane][2] / across, boxes[plane][3] / down))
  if (Math.max(scales[1], scales[2]) > scales[0] * 1.02) return -1
  const planes = shapes.map(([across, down], plane) => WORTH[plane] * (across * down * scales[plane] ** 2) ** LESS)
  const least = CLOSE_UP_LEAST ** 2 * width * height
  const insets = boxes.slice(3).map(([, , w, h]) => {
    const square = Math.min(w, h) ** 2
    return square < least ? -(least ** LESS) : CLOSE_UP_WORTH * Math.min(square, CLOSE_UP_MOST * width * height) ** LESS
  })
  return [...planes, ...insets].reduce((sum, value) => sum + value)
}

function beside([left, top, width, height], share) {
  const first = (width - GAP_PX) * share
  return [[left, top, first, height], [left + first + GAP_PX, top, width - first - GAP_PX, height]]
}

function below([left, top, width, height], share) {
  const first = (height - GAP_PX) * share
  return [[left, top, width, first], [left, top + first + GAP_PX, width, height - first - GAP_PX]]
}

/** Three boxes side by side. */
function row([left, top, width, height]) {
  const each = (width - 2 * GAP_PX) / 3
  return [0, 1, 2].map((index) => [left + index * (each + GAP_PX), top, each, height])
}

/** Three boxes one below the other. */
export function column([left, top, width, height]) {
  const each = (height - 2 * GAP_PX) / 3
  return [0, 1, 2].map((index) => [left, top + index * (each + GAP_PX), width, each])
}
