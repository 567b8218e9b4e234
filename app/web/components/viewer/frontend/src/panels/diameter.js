// The button that makes the last distance the diameter of the finding that it was drawn for.
import { flip } from '../planes/space.js'

const PLANES = ['axial', 'coronal', 'sagittal']

export class DiameterButton {
  /** @param take called with `{number, line}`, the line in LPS millimetres */
  constructor(button, take) {
    this.button = button
    button.addEventListener('click', () => {
      this.button.hidden = true
      const { number, shape, signs } = this.offered
      const [from, to] = [shape.from, shape.to].map((point) => flip(point, signs).map((mm) => Number(mm.toFixed(2))))
      take({ number, line: { plane: PLANES[shape.plane], from_lps_mm: from, to_lps_mm: to } })
    })
  }

  /** Offer what was drawn last, where it is a distance and a finding is chosen. */
  offer(pane, { chosen, data }) {
    const shape = pane.measures.drawn.at(-1)
    const fits = shape?.kind === 'distance' && chosen !== null && data.canDecide
    this.button.hidden = !fits
    if (!fits) return
    this.offered = { number: chosen, shape, signs: data.niftiFromLps }
    this.button.textContent = data.words.use_as_diameter.replace('{size}', pane.measures.lengths().at(-1).toFixed(1)).replace('{number}', chosen)
  }
}

/** A finding's kept line as something to draw; nothing where it has none. */
export function keptLine({ id, line }, signs) {
  return line && { kind: 'distance', finding: id, plane: PLANES.indexOf(line.plane), from: flip(line.from_lps_mm, signs), to: flip(line.to_lps_mm, signs) }
}
