// What a reader draws on a plane: distances, rectangles, ellipses; each belongs to the finding it was drawn for.
import { planes, project } from '../planes/projection.js'
import { statistics } from './statistics.js'

const COLOUR = '#ffe08a'
const SAME_PLANE_MM = 1.5
const LEAST_MM = 0.5
export const SHAPES = ['distance', 'rectangle', 'ellipse']

export class Measures {
  constructor(pane) {
    this.pane = pane
    this.drawn = []
    this.kept = [] // lines along which findings were measured; only a decision takes them away
    this.keptOnShow = []
  }

  begin(kind, at, finding) {
    this.open = { kind, from: at.worldMm, to: at.worldMm, plane: at.plane, tile: at.tile, finding }
  }

  stretch(at) {
    if (!this.open || !at) return
    this.open.to = at.worldMm
    this.open.values = undefined
  }

  /** Ends what is drawn; nothing is kept of a mere click. */
  end() {
    const made = this.open
    this.open = undefined
    if (made && length(made) > LEAST_MM) this.drawn.push(made)
    return this.drawn.at(-1)
  }

  clear() {
    this.drawn = []
    this.open = undefined
  }

  /** Lengths of the distances, millimetres. */
  lengths() {
    return this.drawn.filter(({ kind }) => kind === 'distance').map(length)
  }

  /** Corners (world millimetres), mean, deviation, extremes and area of the areas. */
  areas() {
    return this.drawn.filter(({ kind }) => kind !== 'distance').map((area) => ({ ...this.values(area), from: area.from, to: area.to }))
  }

  values(area) {
    area.values ??= statistics(this.pane.nv, area)
    return area.values
  }

  paint(context) {
    const { nv, ratio } = this.pane
    const on = (shape) => planes(nv).filter(({ axCorSag }) => axCorSag === shape.plane)
    this.keptOnShow = this.kept.filter((line) => on(line).some((tile) => this.paintOn(context, tile, line, ratio)))
    for (const shape of [...this.drawn, ...(this.open ? [this.open] : [])]) {
      for (const tile of on(shape)) this.paintOn(context, tile, shape, ratio)
    }
  }

  /** Draw it where the picture is of its plane; whether it is. */
  paintOn(context, tile, shape, ratio) {
    const [a, b] = [shape.from, shape.to].map((worldMm) => project(this.pane.nv, tile, worldMm))
    if (Math.max(a.offPlaneMm, b.offPlaneMm) > SAME_PLANE_MM) return false
    context.save()
    context.strokeStyle = context.fillStyle = COLOUR
    context.lineWidth = 1.5 * ratio
    context.shadowColor = 'rgba(0, 0, 0, 0.9)'
    context.shadowBlur = 3 * ratio
    context.beginPath()
    outline(context, shape.kind, a, b)
    context.stroke()
    if (shape.kind === 'distance') for (const end of [a, b]) context.fillRect(end.x - 2 * ratio, end.y - 2 * ratio, 4 * ratio, 4 * ratio)
    context.font = `600 ${13 * ratio}px system-ui, sans-serif`
    const [x, y] = [Math.max(a.x, b.x) + 8 * ratio, Math.min(a.y, b.y) + 4 * ratio]
    this.texts(shape).forEach((line, row) => context.fillText(line, x, y + row * 16 * ratio))
    context.restore()
    return true
  }

  texts(shape) {
    if (shape.kind === 'distance') return [`${length(shape).toFixed(1)} mm`]
    const { mean, deviation, areaMm2, missing } = this.values(shape)
    if (missing) return [this.pane.data.notLoaded]
    return [`${signed(mean)} ± ${deviation.toFixed(0)} HU`, `${areaMm2.toFixed(0)} mm²`]
  }
}

function outline(context, kind, a, b) {
  if (kind === 'distance') {
    context.moveTo(a.x, a.y)
    context.lineTo(b.x, b.y)
  } else if (kind === 'rectangle') {
    context.rect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y))
  } else {
    context.ellipse((a.x + b.x) / 2, (a.y + b.y) / 2, Math.abs(a.x - b.x) / 2, Math.abs(a.y - b.y) / 2, 0, 0, 2 * Math.PI)
  }
}

function signed(hu) {
  return hu.toFixed(0).replace('-', '−')
}

/** Millimetres from end to end. */
export function length({ from, to }) {
  return Math.hypot(...from.map((v, axis) => v - to[axis]))
}
