// Distances that a reader draws: from where the left button goes down to where it is let go.
import { planes, project } from './projection.js'

const COLOUR = '#ffe08a'
const SAME_PLANE_MM = 1.5

export class Distances {
  constructor(pane) {
    this.pane = pane
    this.lines = []
    this.on = false
    const { slices } = pane.parts
    slices.addEventListener('pointerdown', (event) => this.begin(event))
    slices.addEventListener('pointermove', (event) => this.draw(event))
    slices.addEventListener('pointerup', (event) => this.end(event))
  }

  begin(event) {
    if (!this.on || event.button !== 0 || !this.pane.ready) return
    const at = this.worldAt(event)
    if (!at) return
    this.line = { from: at.worldMm, to: at.worldMm, plane: at.plane, tile: at.tile }
    this.pane.parts.slices.setPointerCapture(event.pointerId)
  }

  draw(event) {
    if (!this.line) return
    const at = this.worldAt(event, this.line.tile)
    if (at) this.line.to = at.worldMm
    this.pane.drawn()
  }

  end(event) {
    if (!this.line) return
    this.draw(event)
    if (length(this.line) > 0.5) this.lines.push(this.line)
    this.line = undefined
    this.pane.drawn()
  }

  clear() {
    this.lines = []
  }

  /** World point under the mouse, on the plane where the line began. */
  worldAt(event, only) {
    const { nv } = this.pane
    const [x, y] = this.pane.canvasAt(event)
    const tile = only ?? nv.tileIndex(x, y)
    if (tile < 0) return undefined
    const frac = nv.screenXY2TextureFrac(x, y, tile, true)
    if (frac[0] < 0) return undefined
    return { worldMm: Array.from(nv.frac2mm(frac, 0, true)).slice(0, 3), plane: nv.screenSlices[tile].axCorSag, tile }
  }

  paint(context) {
    const { nv, ratio } = this.pane
    for (const line of [...this.lines, ...(this.line ? [this.line] : [])]) {
      const tile = planes(nv).find((one) => one.axCorSag === line.plane)
      if (!tile) continue
      const [a, b] = [project(nv, tile, line.from), project(nv, tile, line.to)]
      if (Math.max(a.offPlaneMm, b.offPlaneMm) > SAME_PLANE_MM) continue
      context.strokeStyle = context.fillStyle = COLOUR
      context.lineWidth = 1.5 * ratio
      context.beginPath()
      context.moveTo(a.x, a.y)
      context.lineTo(b.x, b.y)
      context.stroke()
      for (const end of [a, b]) context.fillRect(end.x - 2 * ratio, end.y - 2 * ratio, 4 * ratio, 4 * ratio)
      context.font = `600 ${13 * ratio}px system-ui, sans-serif`
      context.shadowColor = 'rgba(0, 0, 0, 0.9)'
      context.shadowBlur = 3 * ratio
      context.fillText(`${length(line).toFixed(1)} mm`, b.x + 8 * ratio, b.y - 6 * ratio)
      context.shadowBlur = 0
    }
  }
}

/** Millimetres from end to end. */
export function length({ from, to }) {
  return Math.hypot(...from.map((v, axis) => v - to[axis]))
}
