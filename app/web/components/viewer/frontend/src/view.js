// One reading view: three planes, marks, presets, readout and findings table.
import { build } from './markup.js'
import { paintCrosshair } from './crosshair.js'
import { listenForKeys } from './keys.js'
import { markAt, paintMarks, visibleMarks } from './marks.js'
import { planes, rectangle } from './projection.js'
import { LAYOUT, createSlices, loadVolume, moveTo, setWindow } from './slices.js'
import { flip, formatMm, sliceNumber } from './space.js'
import { fillTable, markRow } from './table.js'

export class ReadingView {
  constructor(parent) {
    this.parts = build(parent)
    this.findings = []
    this.marks = []
    this.chosen = null
    this.preset = 0
    this.reports = 0
    this.loading = Promise.resolve()
    this.stopKeys = listenForKeys({ n: () => this.step(1), p: () => this.step(-1) })
    this.parts.slices.addEventListener('pointerdown', (event) => {
      this.pressedAt = [event.clientX, event.clientY]
      this.pressedMarks = this.marks // NiiVue moves the crosshair next, and with it the marks
    })
    this.parts.slices.addEventListener('pointerup', (event) => this.released(event))
    this.parts.slices.addEventListener('contextmenu', (event) => event.preventDefault())
  }

  /** Take the data of a rerun; the volume is loaded only when its address has changed. */
  update({ data, setStateValue }) {
    this.send = setStateValue
    const text = JSON.stringify(data)
    if (text === this.text) return
    this.text = text
    this.data = data
    this.findings = data.findings.map((f) => ({ ...f, worldMm: flip(f.centerLpsMm, data.niftiFromLps) }))
    const { convention, research, table } = this.parts
    convention.textContent = data.words.convention
    research.textContent = data.words.research
    this.showPresets()
    fillTable(table, data.table, (id) => this.choose(id))
    this.loading = this.loading.then(() => this.show(data)).catch((error) => this.fail(error))
  }

  async show(data) {
    if (this.url === data.url) {
      this.refresh()
      return this.obey(data.goTo)
    }
    const { root, message, slices } = this.parts
    root.dataset.state = 'loading'
    message.textContent = data.words.loading
    this.nv ??= await createSlices(slices, () => this.drawn())
    this.nv.onLocationChange = (location) => this.moved(location)
    const started = performance.now()
    await loadVolume(this.nv, data.url, data.presets[this.preset])
    this.url = data.url
    this.chosen = null
    message.textContent = ''
    root.dataset.seconds = ((performance.now() - started) / 1000).toFixed(2)
    root.dataset.state = 'ready'
    this.obeyed = undefined
    this.obey(data.goTo)
    if (this.chosen === null) moveTo(this.nv, this.nv.frac2mm([0.5, 0.5, 0.5], 0, true).slice(0, 3))
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
    this.parts.message.textContent = this.data.words.failed
  }

  refresh() {
    if (this.nv?.volumes.length) moveTo(this.nv, this.nv.frac2mm(this.nv.scene.crosshairPos, 0, true).slice(0, 3))
  }

  showPresets() {
    this.parts.presets.replaceChildren(
      ...this.data.presets.map(({ name, range }, index) => {
        const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name })
        button.append(Object.assign(document.createElement('small'), { textContent: range }))
        button.setAttribute('aria-pressed', String(index === this.preset))
        button.addEventListener('click', () => {
          this.preset = index
          this.showPresets()
          setWindow(this.nv, this.data.presets[index])
        })
        return button
      }),
    )
  }

  /** Go to a finding in all three planes. */
  choose(id, tell = true) {
    const finding = this.findings.find((f) => f.id === id)
    if (!finding || !this.nv?.volumes.length) return
    this.chosen = id
    moveTo(this.nv, finding.worldMm)
    if (tell) this.report()
  }

  /** To the next finding, or the one before; round at the ends. */
  step(by) {
    const { length } = this.findings
    if (!length) return
    const at = this.findings.findIndex((f) => f.id === this.chosen)
    this.choose(this.findings[at < 0 ? 0 : (at + by + length) % length].id)
  }

  /** A click (not a drag) on a mark goes to its finding, elsewhere it leaves the crosshair there. */
  released(event) {
    const [x, y] = this.pressedAt ?? [NaN, NaN]
    if (event.button !== 0 || !(Math.hypot(event.clientX - x, event.clientY - y) < 4)) return
    const box = this.parts.slices.getBoundingClientRect()
    const ratio = this.parts.slices.width / box.width
    const mark = markAt(this.pressedMarks ?? this.marks, (event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio)
    if (mark) return this.choose(mark.id)
    this.chosen = null
    this.drawn()
    this.report()
  }

  /** Tell Python where the crosshair is. */
  report() {
    if (!this.pointLps) return
    const value = { lps_mm: this.pointLps.map((v) => Number(v.toFixed(2))), slice_number: this.slice, finding: this.chosen, report: ++this.reports + Date.now() * 1000 }
    this.send('crosshair', value)
  }

  moved(location) {
    this.pointLps = flip(location.mm, this.data.niftiFromLps)
    this.slice = sliceNumber(this.pointLps, this.data)
    const { words } = this.data
    const [x, y, z] = this.pointLps.map(formatMm)
    const hu = Math.round(location.values[0]?.value ?? NaN)
    this.parts.readout.innerHTML = ''
    const value = (text) => Object.assign(document.createElement('b'), { textContent: text })
    this.parts.readout.append(`${words.slice} `, value(this.slice), ' · LPS ', value(`${x}, ${y}, ${z}`), ' mm · ', value(String(hu).replace('-', '−')), ' HU')
    this.parts.root.dataset.crosshairLps = this.pointLps.map((v) => v.toFixed(2)).join(',')
    this.parts.root.dataset.slice = this.slice
  }

  /** After every picture: marks, plane labels, and the planes' millimetres for whoever asks. */
  drawn() {
    const { nv, parts } = this
    if (!nv?.volumes.length || !this.data) return
    const { marks: overlay, slices, root, labels, table } = parts
    if (overlay.width !== slices.width || overlay.height !== slices.height) {
      overlay.width = slices.width
      overlay.height = slices.height
    }
    const ratio = slices.width / slices.clientWidth
    this.marks = visibleMarks(nv, this.findings)
    const context = overlay.getContext('2d')
    context.clearRect(0, 0, overlay.width, overlay.height)
    paintCrosshair(context, nv, ratio)
    paintMarks(context, this.marks, this.chosen, ratio)
    markRow(table, this.chosen)
    const names = [this.data.words.axial, this.data.words.coronal, this.data.words.sagittal]
    const axes = ['z', 'y', 'x']
    const through = [2, 1, 0]
    for (const tile of planes(nv)) {
      const plane = tile.axCorSag
      const atFrac = [0.5, 0.5, 0.5]
      atFrac[through[plane]] = tile.sliceFrac
      const lps = flip(nv.frac2mm(atFrac, 0, true), this.data.niftiFromLps)
      const mm = lps[through[plane]]
      const box = rectangle(tile)
      labels[plane].textContent = `${names[plane]}  ${axes[plane]} ${formatMm(mm)} mm`
      labels[plane].style.left = `${LAYOUT[plane].position[0] * slices.clientWidth}px`
      labels[plane].style.top = `${LAYOUT[plane].position[1] * slices.clientHeight}px`
      root.dataset[['axialZ', 'coronalY', 'sagittalX'][plane]] = mm.toFixed(2)
      root.dataset[['axialBox', 'coronalBox', 'sagittalBox'][plane]] = [box.left, box.top, box.width, box.height].map((v) => Math.round(v / ratio)).join(',')
    }
    root.dataset.findings = this.findings.length
    root.dataset.marks = JSON.stringify(this.marks.map((m) => ({ id: m.id, plane: m.tile.axCorSag, x: m.x / ratio, y: m.y / ratio })))
  }

  destroy() {
    this.stopKeys()
    this.nv?.cleanup()
    this.parts.remove()
  }
}
