// What the view shows, as data- attributes of its root: for tests and for whoever looks closely.
import { length } from './drawn/measures.js'
import { imageBox, planes } from './planes/projection.js'
import { flip } from './planes/space.js'

const PLANE = ['axialZ', 'coronalY', 'sagittalX']
const BOX = ['axialBox', 'coronalBox', 'sagittalBox']

/** Write down both CTs' planes, marks and measures. */
export function report(view) {
  const { dataset } = view.parts.root
  const { current, prior } = view
  if (!current.ready) return
  const lps = (worldMm) => flip(worldMm, view.data.niftiFromLps)
  for (const tile of planes(current.nv)) {
    dataset[PLANE[tile.axCorSag]] = current.planeMm(tile).toFixed(2)
    dataset[BOX[tile.axCorSag]] = imageBox(current.nv, tile).map((v) => Math.round(v / current.ratio)).join(',')
  }
  if (view.pointLps) dataset.crosshairLps = view.pointLps.map((v) => v.toFixed(2)).join(',')
  dataset.slice = view.slice
  dataset.pictures = current.pictures
  dataset.findings = current.findings.length
  dataset.marks = JSON.stringify(current.marks.map((m) => ({ id: m.id, plane: m.tile.axCorSag, x: m.x / current.ratio, y: m.y / current.ratio })))
  dataset.heat = current.nv.heat ? String(view.heatOpacity) : ''
  dataset.distances = JSON.stringify(current.measures.lengths())
  dataset.keptLines = JSON.stringify(current.measures.keptOnShow.map((line) => ({ finding: line.finding, mm: length(line) })))
  dataset.areas = JSON.stringify(current.measures.areas().map(({ from, to, ...area }) => ({ ...area, fromLps: lps(from), toLps: lps(to) })))
  dataset.zoom = current.nv.cameras.planes.map(({ zoom }) => zoom.toFixed(3)).join(',')
  dataset.middle = JSON.stringify(current.nv.cameras.planes.map(({ middle }) => middle))
  dataset.layout = view.layout
  dataset.coarse = current.nv.screenSlices.some(({ coarse }) => coarse) ? 'yes' : ''
  dataset.closeUps = current.nv.screenSlices.filter(({ inset }) => inset).length
  dataset.window = `${view.window.low},${view.window.high}${view.inverted ? ',inverted' : ''}`
  if (current.firstImageMs) dataset.firstImageMs = Math.round(current.firstImageMs)
  if (current.wholeMs) dataset.wholeMs = Math.round(current.wholeMs)
  dataset.priorLps = prior.ready && view.data.prior ? prior.pointLps.map((v) => v.toFixed(2)).join(',') : ''
}
