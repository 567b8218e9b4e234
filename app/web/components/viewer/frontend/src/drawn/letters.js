// What stands on every plane: which side of the patient is where, and a scale; readable on any tissue.
import { rectangle } from '../planes/projection.js'

const SIDES = [
  { left: 'R', right: 'L', top: 'A', bottom: 'P' },
  { left: 'R', right: 'L', top: 'S', bottom: 'I' },
  { left: 'A', right: 'P', top: 'S', bottom: 'I' },
]
const SCALES_MM = [200, 100, 50, 20, 10, 5, 2, 1]
const LARGEST_SHARE = 0.3 // of the tile's height

/** Letters and scale of one tile. */
export function paintLetters(context, tile, ratio) {
  const { left, top, width, height } = rectangle(tile)
  const sides = SIDES[tile.axCorSag]
  const size = (tile.inset ? 11 : 14) * ratio
  context.font = `600 ${size}px system-ui, sans-serif`
  context.textBaseline = 'middle'
  const edge = 5 * ratio
  const at = (text, x, y, align) => { context.textAlign = align; write(context, text, x, y, ratio) }
  at(sides.left, left + edge, top + height / 2, 'left')
  at(sides.right, left + width - edge, top + height / 2, 'right')
  at(sides.top, left + width / 2, top + edge + size / 2, 'center')
  at(sides.bottom, left + width / 2, top + height - edge - size / 2, 'center')
  paintScale(context, tile, ratio)
  context.textAlign = 'left'
  context.textBaseline = 'alphabetic'
}

function paintScale(context, tile, ratio) {
  const { left, top, width, height } = rectangle(tile)
  const perMm = height / Math.abs(tile.fovMM[1])
  const mm = SCALES_MM.find((value) => value * perMm <= LARGEST_SHARE * height) ?? 1
  const x = left + width - 22 * ratio
  const from = top + height - 14 * ratio - mm * perMm
  const to = from + mm * perMm
  for (const [colour, thick] of [['#000', 4], ['#fff', 1.5]]) {
    context.strokeStyle = colour
    context.lineWidth = thick * ratio
    context.beginPath()
    context.moveTo(x, from)
    context.lineTo(x, to)
    for (const y of [from, to]) { context.moveTo(x - 4 * ratio, y); context.lineTo(x + 4 * ratio, y) }
    context.stroke()
  }
  context.textAlign = 'right'
  write(context, `${mm} mm`, x - 7 * ratio, tile.inset ? from + 2 * ratio : to - 6 * ratio, ratio) // a small tile's last letter is below
}

/** White within black: neither is lost on bone, fat, lung or air. */
export function write(context, text, x, y, ratio) {
  context.lineJoin = 'round'
  context.strokeStyle = '#000'
  context.lineWidth = 3.5 * ratio
  context.strokeText(text, x, y)
  context.fillStyle = '#fff'
  context.fillText(text, x, y)
}
