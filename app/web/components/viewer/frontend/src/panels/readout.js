// The line below the images: where the crosshair is and what lies there, and what lies under the pointer.
import { formatMm } from '../planes/space.js'

/**
 * Write the line.
 * @param {{slice: number, pointLps: number[], hu: number | undefined, under: object | null, words: object}} facts
 */
export function writeReadout(element, { slice, pointLps, hu, under, words }) {
  const parts = [`${words.slice} `, bold(slice), ' · LPS ', bold(pointLps.map(formatMm).join(', ')), ' mm · ', bold(huText(hu)), ' HU']
  const pointer = Object.assign(document.createElement('span'), { className: 'under' })
  if (under) pointer.append(`${words.pointer} `, bold(huText(under.hu)), ' HU')
  element.replaceChildren(...parts, pointer)
}

/** HU with a real minus sign; a dash where nothing has been loaded. */
export function huText(hu) {
  return hu === undefined ? '–' : String(Math.round(hu)).replace('-', '−')
}

function bold(text) {
  return Object.assign(document.createElement('b'), { textContent: text })
}
