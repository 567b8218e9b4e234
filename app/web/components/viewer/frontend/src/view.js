// One reading view: the CT and, beside it, an earlier one; what the reader chose holds for both.
import { Actions } from './actions.js'
import { build } from './panels/markup.js'
import { Cine } from './input/cine.js'
import { Comparison } from './compare.js'
import { report } from './facts.js'
import { DiameterButton } from './panels/diameter.js'
import { Heats } from './volume/heat.js'
import { saveKeyImage } from './panels/keyimage.js'
import { keymap } from './input/keymap.js'
import { listenForKeys } from './input/keys.js'
import { Pane } from './planes/pane.js'
import { Pointer } from './input/pointer.js'
import { writeReadout } from './panels/readout.js'
import { Reasons } from './panels/reasons.js'
import { sliceNumber } from './planes/space.js'
import { fillTable, markRow } from './panels/table.js'
import { Toolbar } from './panels/toolbar.js'

const FIRST_WINDOW = { low: -1350, high: 150 }
const LAYOUTS = ['three', 'one', 'prior']

export class ReadingView {
  constructor(parent) {
    this.parts = build(parent)
    this.chosen = null
    this.stamped = 0
    this.window = FIRST_WINDOW
    this.slab = { mode: 'off', thicknessMm: 10 }
    this.heatOpacity = 0 // at its full strength a map hides a small nodule
    Object.assign(this, { plane: 0, layout: 'three', tool: 'crosshair', inverted: false, closeUp: true, under: null })
    this.heats = new Heats()
    this.cine = new Cine(this)
    this.actions = new Actions(this)
    this.loading = Promise.resolve()
    const hooks = { moved: (pane) => this.moved(pane), drawing: () => this.point(), drawn: () => this.tell() }
    this.current = new Pane(this.parts.current, hooks)
    this.prior = new Pane(this.parts.prior, hooks)
    this.panes = [this.current, this.prior]
    this.comparison = new Comparison(this.current, this.prior, () => this.data.niftiFromLps)
    const keys = keymap(this)
    this.bar = new Toolbar(this.parts.bar, {
      window: (window) => this.set({ window }),
      refused: (sentence) => this.note(sentence),
      slab: (slab) => this.set({ slab }),
      heat: (heatOpacity) => this.set({ heatOpacity }),
      tool: (tool) => this.set({ tool }),
      view: (name) => keys[{ fit: 'f', one_to_one: 'o', invert: 'i', close_up: 'c', cine: ' ', key_image: 'k', heat: 'h' }[name]](),
      layout: (layout) => this.set({ layout }),
      plane: (plane) => this.set({ plane }),
    })
    this.reasons = new Reasons(this.parts.reasons, (number, reason) => this.actions.decide('reject', number, reason))
    this.stopKeys = listenForKeys((key) => {
      if (this.reasons.isOpen && this.reasons.press(key)) return true
      keys[key]?.()
      return key in keys
    })
    this.pointers = this.panes.map((pane) => new Pointer(pane, this))
    this.parts.scroll.addEventListener('scroll', () => this.current.ready && this.tell())
    this.diameter = new DiameterButton(this.parts.diameter, (measured) => this.actions.act({ kind: 'diameter', ...measured }))
  }

  /** Take what the reader chose, for both CTs. */
  set(choice) {
    Object.assign(this, choice)
    const comparing = Boolean(this.data?.prior)
    if (this.layout === 'prior' && !comparing) this.layout = 'three'
    this.parts.stage.classList.toggle('comparing', this.layout === 'prior')
    for (const pane of this.panes) {
      if (!pane.nv) continue
      Object.assign(pane.nv, { window: this.window, slab: this.slab, heatOpacity: this.heatOpacity, inverted: this.inverted })
      const arrangement = { layout: this.layout, plane: this.plane, closeUp: this.closeUp }
      if (JSON.stringify(arrangement) !== JSON.stringify(pane.arrangement)) pane.arrange(arrangement)
      if (pane.ready) pane.draw()
    }
    this.parts.stage.dataset.tool = this.tool
    if (this.data) this.bar.show({ ...this, hasHeat: this.chosen !== null && this.chosen in this.data.heatmaps, comparing })
  }

  nextLayout() {
    const names = LAYOUTS.filter((name) => name !== 'prior' || this.data?.prior)
    this.set({ layout: names[(names.indexOf(this.layout) + 1) % names.length] })
  }

  /** Take the data of a rerun; volumes are loaded only when their address has changed. */
  update({ data, setStateValue, setTriggerValue }) {
    this.send = setStateValue
    this.trigger = setTriggerValue
    const text = JSON.stringify(data)
    if (text === this.text) return
    this.text = text
    if (Boolean(this.data?.prior) !== Boolean(data.prior)) this.layout = data.prior ? 'prior' : 'three'
    this.data = data
    this.actions.heard(data.heard)
    const { convention, table, keys, current, prior } = this.parts
    convention.textContent = data.words.convention
    keys.replaceChildren(...data.words.keys.split('\n').map((line) => Object.assign(document.createElement('div'), { textContent: line })))
    this.parts.keysName.textContent = data.words.keys_name
    current.caption.textContent = data.prior ? data.words.this_ct : ''
    prior.caption.textContent = data.prior ? data.prior.caption : ''
    this.bar.speak(data)
    this.readOut() // in another language, perhaps
    this.parts.scroll.dataset.more = data.words.more
    fillTable(table, data.table, (id) => this.choose(id))
    markRow(table, this.chosen, this.actions.saving)
    this.loading = this.loading.then(() => this.show(data)).catch((error) => this.fail(error))
  }

  async show(data) {
    const { root } = this.parts
    const planeNames = [data.words.axial, data.words.coronal, data.words.sagittal]
    const shared = { niftiFromLps: data.niftiFromLps, planeNames, loading: data.words.loading, notLoaded: data.words.not_loaded }
    if (this.current.url !== data.url) root.dataset.state = 'loading'
    const started = performance.now()
    this.set({})
    await this.current.show({ ...data, ...shared }, { settle: () => this.begin(data) })
    if (root.dataset.state === 'loading') root.dataset.seconds = ((performance.now() - started) / 1000).toFixed(2)
    root.dataset.state = 'ready'
    this.obey(data.goTo)
    this.set({})
    if (data.prior) await this.showPrior({ ...data.prior, ...shared })
    else this.comparison.end()
  }

  /** A CT is about to be drawn for the first time: at the finding where Python wants us, without its map. */
  begin(data) {
    this.obeyed = undefined
    this.chosen = null
    this.set({ heatOpacity: 0 })
    this.obey(data.goTo)
  }

  async showPrior(prior) {
    this.comparison.end() // until it is loaded the earlier CT goes where this one is, not the other way
    const settle = () => { this.set({}); this.comparison.register(prior.affineLps); this.comparison.follow(this.current) }
    await this.prior.show(prior, { settle })
    this.comparison.register(prior.affineLps)
    this.set({})
    this.comparison.follow(this.current)
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
    this.current.nv.closeUpOf = finding
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
  clicked(pane, mark, still) {
    if (pane !== this.current || !still) return
    if (mark) return this.choose(mark.id)
    this.chosen = null
    this.current.nv.heat = this.current.nv.closeUpOf = null
    this.set({})
    this.report()
  }

  /** Twice on a plane: that plane on the full stage, and back; the finding stays. */
  doubled(pane, plane, { worldMm, chosen }) {
    if (pane === this.current) {
      if (chosen === null) pane.go(worldMm)
      else this.choose(chosen)
    }
    const back = this.layout === 'one' ? this.before ?? 'three' : 'one'
    this.before = this.layout
    this.set({ layout: back, plane })
  }

  /** The other CT shows as much. */
  turned(pane) {
    if (this.layout === 'prior') this.comparison.turn(pane, this.plane)
  }

  /** The pointer is over a CT, or has left it. */
  hovered(pane, event) {
    const at = event && pane === this.current ? pane.worldAt(event) : undefined
    this.under = at ? { hu: pane.huAtFrac(at.frac) } : null
    if (this.pointLps) this.readOut()
  }

  /** Something was drawn. */
  drew(pane) {
    if (pane !== this.current) return
    this.diameter.offer(pane, this)
    report(this)
  }

  askReason() {
    if (this.chosen === null || !this.data.canDecide) return
    this.reasons.open({ number: this.chosen, title: this.data.words.why_rejected.replace('{number}', this.chosen), reasons: this.data.reasons })
  }

  async saveKeyImage() {
    if (!this.current.ready) return
    const { label, words } = this.data
    const where = this.chosen === null ? `slice-${this.slice}` : `finding-${this.chosen}-slice-${this.slice}`
    await saveKeyImage(this.panes, { name: `${label}-${where}.png`, caption: `${label} · ${words.slice} ${this.slice} · ${words.research}` })
    this.actions.act({ kind: 'key_image' })
  }

  /** A number above all that Python has heard, also where the machine's clock was set back. */
  stamp() {
    this.stamped = Math.max(Date.now() * 1000, this.stamped + 1, this.data.heard + 1)
    return this.stamped
  }

  /** Tell Python where the crosshair is. */
  report() {
    if (!this.pointLps) return
    const value = { lps_mm: this.pointLps.map((v) => Number(v.toFixed(2))), slice_number: this.slice, finding: this.chosen, report: this.stamp() }
    this.send('crosshair', value)
  }

  moved(pane) {
    if (pane === this.current) {
      this.pointLps = pane.pointLps
      this.slice = sliceNumber(this.pointLps, this.data)
      this.readOut()
    }
    this.comparison.follow(pane)
  }

  readOut() {
    if (!this.pointLps || !this.current.ready) return
    writeReadout(this.parts.readout, { slice: this.slice, pointLps: this.pointLps, hu: this.current.hu, under: this.under, words: this.data.words })
  }

  /** A sentence for a moment, below the images. */
  note(sentence) {
    this.parts.note.textContent = sentence
    clearTimeout(this.noteEnds)
    this.noteEnds = setTimeout(() => { this.parts.note.textContent = '' }, 5000)
  }

  /** Before every picture: whose mark stands out. */
  point() {
    this.current.chosen = this.chosen
    this.prior.chosen = this.data.prior?.pairs[this.chosen] ?? null
  }

  /** After every picture. */
  tell() {
    const { saving } = this.actions
    markRow(this.parts.table, this.chosen, saving)
    this.parts.saving.textContent = saving.size ? this.data.words.saving.replace('{numbers}', [...saving].join(', ')) : ''
    const { scroll } = this.parts
    scroll.classList.toggle('more', scroll.scrollTop + scroll.clientHeight < scroll.scrollHeight - 8)
    report(this)
  }

  destroy() {
    this.cine.stop()
    this.actions.stop()
    this.stopKeys()
    this.panes.forEach((pane) => pane.destroy())
    this.parts.remove()
  }
}
