// The window by the right mouse button: across for the width, up and down for the level.
const HU_PER_PIXEL = 2
const LEAST_WIDTH = 2

/** Level and width of a window. */
export function levelWidth({ low, high }) {
  return { level: Math.round((low + high) / 2), width: Math.round(high - low) }
}

/** The window of a level and a width, HU. */
export function windowOf({ level, width }) {
  const half = Math.max(LEAST_WIDTH, width) / 2
  return { low: level - half, high: level + half }
}

/** Call `change(window)` while the right button is dragged over `canvas`; `current()` is where it starts. */
export function dragWindow(canvas, current, change) {
  let from
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 2) return
    from = { x: event.clientX, y: event.clientY, ...levelWidth(current()) }
    canvas.setPointerCapture(event.pointerId)
  })
  canvas.addEventListener('pointermove', (event) => {
    if (!from) return
    const width = from.width + (event.clientX - from.x) * HU_PER_PIXEL
    change(windowOf({ level: from.level + (event.clientY - from.y) * HU_PER_PIXEL, width: Math.max(LEAST_WIDTH, width) }))
  })
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => { from = undefined })
}
