// Findings drawn over the slices: the circle in which the plane cuts a sphere of the finding's diameter.
import { planes, project, rectangle } from '../planes/projection.js'

const COLOURS = { open: '#f2b84b', accepted: '#6fcf97', rejected: '#8a949f' }
const CHOSEN = '#5fd3e6'
const LEAST_RADIUS_PX = 7

/** Circles visible now, in canvas pixels: `{id, x, y, radius}`. */
export function visibleMarks(nv, findings) {
  const marks = []
  for (const tile of planes(nv)) {
    for (const finding of findings) {
      const { x, y, scale, offPlaneMm } = project(nv, tile, finding.worldMm)
      const radiusMm = finding.diameterMm / 2
      if (offPlaneMm > radiusMm) continue
      const cut = Math.sqrt(radiusMm ** 2 - offPlaneMm ** 2)
      // A ring just outside the nodule leaves the nodule itself to be seen.
      marks.push({ id: finding.id, verdict: finding.verdict, tile, x, y, radius: Math.max(LEAST_RADIUS_PX, cut * scale * 1.25 + 3) })
    }
  }
  return marks
}

/** Draw the circles and their numbers. */
export function paintMarks(context, marks, chosenId, ratio) {
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`
  for (const { id, verdict, tile, x, y, radius } of marks) {
    const box = rectangle(tile)
    context.save()
    context.beginPath()
    context.rect(box.left, box.top, box.width, box.height)
    context.clip()
    context.strokeStyle = id === chosenId ? CHOSEN : COLOURS[verdict]
    context.setLineDash(verdict === 'rejected' ? [4 * ratio, 4 * ratio] : [])
    context.fillStyle = context.strokeStyle
    context.lineWidth = 1.75 * ratio
    context.shadowColor = 'rgba(0, 0, 0, 0.9)'
    context.shadowBlur = 3 * ratio
    context.beginPath()
    context.arc(x, y, radius, 0, 2 * Math.PI)
    context.stroke()
    context.fillText(String(id), x + radius * 0.75 + 3 * ratio, y - radius * 0.75)
    context.restore()
  }
}

/** The mark under a canvas position, or undefined. */
export function markAt(marks, x, y) {
  return marks.find((mark) => Math.hypot(mark.x - x, mark.y - y) <= mark.radius + 3)
}
