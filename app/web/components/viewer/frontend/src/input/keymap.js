// What each key does to a reading view.
const THICKEST_MM = 60
const FAR = 10_000
const FIRST_OPACITY = 0.4

/** Actions by key, for keys.js. */
export function keymap(view) {
  const preset = (index) => () => {
    const chosen = view.data?.presets[index]
    if (chosen) view.set({ window: { low: chosen.low, high: chosen.high } })
  }
  const thicker = (by) => () => {
    const thicknessMm = Math.min(THICKEST_MM, Math.max(1, view.slab.thicknessMm + by))
    view.set({ slab: { ...view.slab, thicknessMm } })
  }
  const scroll = (by) => () => view.current.ready && view.current.step([0, 0, by])
  const tool = (name) => () => view.set({ tool: view.tool === name ? 'crosshair' : name })
  return {
    n: () => view.step(1),
    p: () => view.step(-1),
    a: () => view.actions.decide('accept', view.chosen),
    x: () => view.askReason(),
    u: () => view.actions.act({ kind: 'undo' }),
    s: () => view.actions.act({ kind: 'sign' }),
    1: preset(0),
    2: preset(1),
    3: preset(2),
    i: () => view.set({ inverted: !view.inverted }),
    m: () => view.set({ slab: { ...view.slab, mode: view.slab.mode === 'mip' ? 'off' : 'mip' } }),
    ']': thicker(1),
    '[': thicker(-1),
    h: () => view.set({ heatOpacity: view.heatOpacity > 0 ? 0 : FIRST_OPACITY }),
    d: tool('distance'),
    r: tool('rectangle'),
    e: tool('ellipse'),
    f: () => view.panes.forEach((pane) => pane.ready && pane.fit()),
    o: () => view.panes.forEach((pane) => pane.ready && pane.oneToOne()),
    l: () => view.nextLayout(),
    c: () => view.set({ closeUp: !view.closeUp }),
    k: () => view.saveKeyImage(),
    ' ': () => view.cine.toggle(),
    '+': () => view.cine.faster(1),
    '-': () => view.cine.faster(-1),
    escape: () => {
      view.panes.forEach((pane) => pane.measures.clear())
      view.set({ tool: 'crosshair' })
    },
    arrowup: scroll(1),
    arrowdown: scroll(-1),
    pageup: scroll(5),
    pagedown: scroll(-5),
    home: scroll(FAR),
    end: scroll(-FAR),
  }
}
