// What the view shows, as data- attributes of its root: for tests and for whoever looks closely.
import { planes, rectangle } from './projection.js'

const PLANE = ['axialZ', 'coronalY', 'sagittalX']
const BOX = ['axialBox', 'coronalBox', 'sagittalBox']

/** Write down both CTs' planes, marks and distances. */
export function report(view) {
  const { dataset } = view.parts.root
  const { current, prior } = view
  if (!current.ready) return
  for (const tile of planes(current.nv)) {
    const { left, top, width, height } = rectangle(tile)
    dataset[PLANE[tile.axCorSag]] = current.planeMm(tile).toFixed(2)
    dataset[BOX[tile.axCorSag]] = [left, top, width, height].map((v) => Math.round(v / current.ratio)).join(',')
  }
  if (view.pointLps) dataset.crosshairLps = view.pointLps.map((v) => v.toFixed(2)).join(',')
  dataset.slice = view.slice
  dataset.pictures = current.pictures
  dataset.findings = current.findings.length
  dataset.marks = JSON.stringify(current.marks.map((m) => ({ id: m.id, plane: m.tile.axCorSag, x: m.x / current.ratio, y: m.y / current.ratio })))
  dataset.heat = current.nv.heat ? String(view.heatOpacity) : ''
  dataset.distances = JSON.stringify(current.distances.lines.map(({ from, to }) => Math.hypot(...from.map((v, k) => v - to[k]))))
  if (current.firstImageMs) dataset.firstImageMs = Math.round(current.firstImageMs)
  if (current.wholeMs) dataset.wholeMs = Math.round(current.wholeMs)
  dataset.priorLps = prior.ready && view.data.prior ? prior.pointLps.map((v) => v.toFixed(2)).join(',') : ''
}
