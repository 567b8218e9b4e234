// The window: what may be typed, and the right mouse button: across for the width, up and down for the level.
const HU_PER_PIXEL = 2
const LEAST_WIDTH = 2
const MOST_WIDTH = 8000
const LOWEST = -2000
const HIGHEST = 4000

/** Level and width of a window. */
export function levelWidth({ low, high }) {
  return { level: Math.round((low + high) / 2), width: Math.round(high - low) }
}

/** The window of a level and a width, HU; the width is kept within what shows anything. */
export function windowOf({ level, width }) {
  const half = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width)) / 2
  const middle = Math.min(HIGHEST, Math.max(LOWEST, level))
  return { low: middle - half, high: middle + half }
}

/** Whether a typed window makes sense of a CT. */
export function isSensible({ level, width }) {
  return Number.isFinite(level) && Number.isFinite(width) && width >= LEAST_WIDTH && width <= MOST_WIDTH && level >= LOWEST && level <= HIGHEST
}

/** The window after the pointer went so far from where it was pressed, pixels. */
export function windowDrag(from, across, down) {
  const { level, width } = levelWidth(from)
  return windowOf({ level: level + down * HU_PER_PIXEL, width: width + across * HU_PER_PIXEL })
}
