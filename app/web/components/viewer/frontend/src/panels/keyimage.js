// The stage as a PNG: pictures, marks, measures, letters, and a line that says what it is.
import { write } from '../drawn/letters.js'

const LINE_PX = 26

/** Put the stage as it is now into a file; `name` holds nothing about the patient. */
export async function saveKeyImage(panes, { name, caption }) {
  const shown = panes.filter(({ ready, parts }) => ready && parts.box.offsetWidth > 0)
  const { ratio } = shown[0]
  const canvas = document.createElement('canvas')
  canvas.width = shown.reduce((sum, { parts }) => sum + parts.slices.width, 0)
  canvas.height = Math.max(...shown.map(({ parts }) => parts.slices.height)) + LINE_PX * ratio
  const context = canvas.getContext('2d')
  context.fillRect(0, 0, canvas.width, canvas.height)
  let left = 0
  for (const pane of shown) {
    pane.nv.drawNow() // WebGL's picture is there only until the browser has shown it
    for (const layer of [pane.parts.slices, pane.parts.overlay]) context.drawImage(layer, left, 0)
    context.font = `500 ${12 * ratio}px system-ui, sans-serif`
    for (const label of [...pane.parts.labels, pane.parts.caption]) {
      if (label.hidden || !label.textContent) continue
      write(context, label.textContent, left + (label.offsetLeft + 8) * ratio, (label.offsetTop + 16) * ratio, ratio)
    }
    left += pane.parts.slices.width
  }
  context.font = `500 ${13 * ratio}px system-ui, sans-serif`
  write(context, caption, 10 * ratio, canvas.height - 9 * ratio, ratio)
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'))
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
