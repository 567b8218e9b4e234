// What each key does to a reading view.
const THICKEST_MM = 60

/** Actions by key, for keys.js. */
export function keymap(view) {
  const preset = (index) => () => {
    const one = view.data?.presets[index]
    if (one) view.set({ window: { low: one.low, high: one.high } })
  }
  const thicker = (by) => () => {
    const thicknessMm = Math.min(THICKEST_MM, Math.max(1, view.slab.thicknessMm + by))
    view.set({ slab: { ...view.slab, thicknessMm } })
  }
  const scroll = (by) => () => view.current.ready && view.current.nv.moveCrosshairInVox(0, 0, by)
  return {
    n: () => view.step(1),
    p: () => view.step(-1),
    1: preset(0),
    2: preset(1),
    3: preset(2),
    m: () => view.set({ slab: { ...view.slab, mode: view.slab.mode === 'mip' ? 'off' : 'mip' } }),
    ']': thicker(1),
    '[': thicker(-1),
    h: () => view.set({ heatOpacity: view.heatOpacity > 0 ? 0 : view.firstOpacity }),
    d: () => view.set({ measuring: !view.measuring }),
    escape: () => {
      view.panes.forEach((pane) => pane.distances.clear())
      view.set({ measuring: false })
    },
    arrowup: scroll(1),
    arrowdown: scroll(-1),
    pageup: scroll(5),
    pagedown: scroll(-5),
  }
}
