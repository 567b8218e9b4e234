// The crosshair on the three planes: hair lines that leave the middle free.
import { planes, project, rectangle } from '../planes/projection.js'

const COLOUR = 'rgba(95, 211, 230, 0.6)'
const FREE_PX = 16

/** Draw it on a cleared overlay. */
export function paintCrosshair(context, nv, ratio) {
  const worldMm = nv.frac2mm(nv.scene.crosshairPos, 0, true).slice(0, 3)
  context.strokeStyle = COLOUR
  context.lineWidth = ratio
  context.beginPath()
  for (const tile of planes(nv)) {
    const { left, top, width, height } = rectangle(tile)
    const point = project(nv, tile, worldMm)
    const x = Math.floor(point.x) + 0.5
    const y = Math.floor(point.y) + 0.5
    const free = FREE_PX * ratio
    const [right, bottom] = [left + width, top + height]
    const [seenX, seenY] = [x > left && x < right, y > top && y < bottom] // a plane may be panned away
    for (const [x1, y1, x2, y2] of [
      ...(seenY ? [[left, y, Math.min(right, x - free), y], [Math.max(left, x + free), y, right, y]] : []),
      ...(seenX ? [[x, top, x, Math.min(bottom, y - free)], [x, Math.max(top, y + free), x, bottom]] : []),
    ]) {
      if (x2 < x1 || y2 < y1) continue
      context.moveTo(x1, y1)
      context.lineTo(x2, y2)
    }
  }
  context.stroke()
}
