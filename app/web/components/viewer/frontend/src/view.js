// One reading view: the CT and, beside it, an earlier one; what the reader chose holds for both.
import { apply, inverse } from './affine.js'
import { build } from './markup.js'
import { report } from './facts.js'
import { Heats } from './heat.js'
import { keymap } from './keymap.js'
import { listenForKeys } from './keys.js'
import { Pane } from './pane.js'
import { THREE_PLANES, leftButtonMoves, onePlane } from './slices.js'
import { flip, formatMm, sliceNumber } from './space.js'
import { fillTable, markRow } from './table.js'
import { Toolbar } from './toolbar.js'
import { dragWindow } from './window.js'

const FIRST_WINDOW = { low: -1350, high: 150 }
const FIRST_OPACITY = 0.4

export class ReadingView {
  constructor(parent) {
    this.parts = build(parent)
    this.chosen = null
    this.reports = 0
    this.window = FIRST_WINDOW
    this.slab = { mode: 'off', thicknessMm: 10 }
    this.heatOpacity = this.firstOpacity = FIRST_OPACITY
    this.plane = 0
    this.measuring = false
    this.heats = new Heats()
    this.loading = Promise.resolve()
    const hooks = { moved: (pane, hu) => this.moved(pane, hu), drawn: () => this.tell() }
    this.current = new Pane(this.parts.current, hooks)
    this.prior = new Pane(this.parts.prior, hooks)
    this.panes = [this.current, this.prior]
    this.bar = new Toolbar(this.parts.bar, {
      window: (window) => this.set({ window }),
      slab: (slab) => this.set({ slab }),
      heat: (heatOpacity) => this.set({ heatOpacity }),
      measure: () => this.set({ measuring: !this.measuring }),
      plane: (plane) => this.set({ plane }),
    })
    this.stopKeys = listenForKeys(keymap(this))
    for (const pane of this.panes) dragWindow(pane.parts.slices, () => this.window, (window) => this.set({ window }))
    this.listenToClicks(this.parts.current.slices)
  }

  /** Take what the reader chose, for both CTs. */
  set(choice) {
    Object.assign(this, choice)
    const comparing = Boolean(this.data?.prior)
    for (const pane of this.panes) {
      pane.distances.on = this.measuring
      if (!pane.nv) continue
      Object.assign(pane.nv, { window: this.window, slab: this.slab, heatOpacity: this.heatOpacity })
      leftButtonMoves(pane.nv, !this.measuring)
      const layout = this.layout(comparing)
      if (JSON.stringify(pane.nv.customLayout) !== JSON.stringify(layout)) pane.nv.setCustomLayout(layout)
      if (pane.ready) pane.draw()
    }
    this.parts.stage.classList.toggle('measuring', this.measuring)
    if (this.data) this.bar.show({ ...this, hasHeat: this.chosen !== null && this.chosen in this.data.heatmaps, comparing })
  }

  layout(comparing) {
    return comparing ? onePlane(this.plane) : THREE_PLANES
  }

  /** Take the data of a rerun; volumes are loaded only when their address has changed. */
  update({ data, setStateValue }) {
    this.send = setStateValue
    const text = JSON.stringify(data)
    if (text === this.text) return
    this.text = text
    this.data = data
    const { convention, research, table, keys, stage, current, prior } = this.parts
    convention.textContent = data.words.convention
    research.textContent = data.words.research
    keys.textContent = data.words.keys
    stage.classList.toggle('comparing', Boolean(data.prior))
    current.caption.textContent = data.prior ? data.words.this_ct : ''
    prior.caption.textContent = data.prior ? data.prior.caption : ''
    this.bar.speak(data)
    if (this.hu !== undefined) this.readOut(this.hu) // in another language, perhaps
    fillTable(table, data.table, (id) => this.choose(id))
    markRow(table, this.chosen)
    this.loading = this.loading.then(() => this.show(data)).catch((error) => this.fail(error))
  }

  async show(data) {
    const { root } = this.parts
    const planeNames = [data.words.axial, data.words.coronal, data.words.sagittal]
    const shared = { niftiFromLps: data.niftiFromLps, planeNames, loading: data.words.loading }
    if (this.current.url !== data.url) root.dataset.state = 'loading'
    const started = performance.now()
    await this.current.show({ ...data, ...shared }, { layout: this.layout(Boolean(data.prior)), settle: () => this.begin(data) })
    if (root.dataset.state === 'loading') root.dataset.seconds = ((performance.now() - started) / 1000).toFixed(2)
    root.dataset.state = 'ready'
    this.obey(data.goTo)
    this.set({})
    if (data.prior) await this.showPrior({ ...data.prior, ...shared })
  }

  /** A CT is about to be drawn for the first time: at the finding where Python wants us. */
  begin(data) {
    this.obeyed = undefined
    this.chosen = null
    this.set({})
    this.obey(data.goTo)
  }

  async showPrior(prior) {
    this.toPrior = prior.affineLps
    this.toCurrent = inverse(prior.affineLps)
    this.settling = true // until it is loaded the earlier CT goes where this one is, not the other way
    await this.prior.show(prior, { layout: this.layout(true), settle: () => { this.set({}); this.follow(this.current, this.prior) } })
    this.settling = false
    this.set({})
    this.follow(this.current, this.prior)
  }

  /** Go where Python says, once for each of its orders. */
  obey({ finding, order }) {
    if (order === this.obeyed) return
    this.obeyed = order
    this.choose(finding, false)
  }

  fail(error) {
    this.parts.root.dataset.state = 'failed'
    this.parts.root.dataset.error = String(error)
    for (const pane of this.panes) if (!pane.ready) pane.parts.message.textContent = this.data.words.failed
  }

  /** Go to a finding in all planes. */
  choose(id, tell = true) {
    const finding = this.current.findings.find((f) => f.id === id)
    if (!finding || !this.current.ready) return
    this.chosen = id
    this.current.go(finding.worldMm)
    this.showHeat()
    if (tell) this.report()
  }

  /** The map of the chosen finding, some kilobytes. */
  async showHeat() {
    const { nv } = this.current
    const [id, url] = [this.chosen, this.data.heatmaps[this.chosen]]
    nv.heat = null
    this.set({})
    const heat = url && (await this.heats.get(nv.gl, url))
    if (!heat || this.chosen !== id) return
    nv.heat = heat
    this.set({})
  }

  /** To the next finding, or the one before; round at the ends. */
  step(by) {
    const { findings } = this.current
    if (!findings.length) return
    const at = findings.findIndex((f) => f.id === this.chosen)
    this.choose(findings[at < 0 ? 0 : (at + by + findings.length) % findings.length].id)
  }

  /** A click (not a drag) on a mark goes to its finding, elsewhere it leaves the crosshair there. */
  listenToClicks(slices) {
    slices.addEventListener('pointerdown', (event) => {
      this.pressedAt = [event.clientX, event.clientY]
      this.pressedMarks = this.current.marks // NiiVue moves the crosshair next, and with it the marks
    })
    slices.addEventListener('pointerup', (event) => {
      const [x, y] = this.pressedAt ?? [NaN, NaN]
      if (this.measuring || event.button !== 0 || !(Math.hypot(event.clientX - x, event.clientY - y) < 4)) return
      const mark = this.current.markUnder(event, this.pressedMarks)
      if (mark) return this.choose(mark.id)
      this.chosen = null
      this.current.nv.heat = null
      this.set({})
      this.report()
    })
  }

  /** Tell Python where the crosshair is. */
  report() {
    if (!this.pointLps) return
    const value = { lps_mm: this.pointLps.map((v) => Number(v.toFixed(2))), slice_number: this.slice, finding: this.chosen, report: ++this.reports + Date.now() * 1000 }
    this.send('crosshair', value)
  }

  moved(pane, hu) {
    if (pane === this.prior) return this.settling ? undefined : this.follow(pane, this.current)
    this.pointLps = pane.pointLps
    this.slice = sliceNumber(this.pointLps, this.data)
    this.readOut(hu)
    this.follow(pane, this.prior)
  }

  /** The other CT goes to the same place of the patient, by the registration. */
  follow(from, to) {
    if (this.following || !this.data.prior || !from.ready || !to.ready || !this.toPrior) return
    this.following = true
    const there = apply(to === this.prior ? this.toPrior : this.toCurrent, from.pointLps)
    to.go(flip(there, this.data.niftiFromLps))
    this.following = false
  }

  readOut(hu) {
    this.hu = hu
    const { words } = this.data
    const [x, y, z] = this.pointLps.map(formatMm)
    const value = (text) => Object.assign(document.createElement('b'), { textContent: text })
    this.parts.readout.replaceChildren(`${words.slice} `, value(this.slice), ' · LPS ', value(`${x}, ${y}, ${z}`), ' mm · ', value(String(Math.round(hu ?? NaN)).replace('-', '−')), ' HU')
  }

  /** After every picture. */
  tell() {
    this.current.chosen = this.chosen
    this.prior.chosen = this.data.prior?.pairs[this.chosen] ?? null
    markRow(this.parts.table, this.chosen)
    report(this)
  }

  destroy() {
    this.stopKeys()
    this.panes.forEach((pane) => pane.destroy())
    this.parts.remove()
  }
}
