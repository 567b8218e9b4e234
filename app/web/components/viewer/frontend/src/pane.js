// One CT on the screen: its planes, its marks, and how far it has come over the line.
import { paintCrosshair } from './crosshair.js'
import { markAt, paintMarks, visibleMarks } from './marks.js'
import { Distances } from './distances.js'
import { planes, rectangle } from './projection.js'
import { createSlices, moveTo } from './slices.js'
import { flip, formatMm } from './space.js'
import { ask, streamVolume } from './stream.js'

const THROUGH = [2, 1, 0]
const REDRAW_MS = 400
const AROUND = 4 // slices that the first picture needs on each side
const AT_ONCE = 16 // slices brought to the GPU between two chances for the browser to do something else

export class Pane {
  /**
   * @param parts elements, see markup.js
   * @param hooks `{moved(pane, hu), drawn(pane)}`
   */
  constructor(parts, hooks) {
    this.parts = parts
    this.hooks = hooks
    this.findings = []
    this.marks = []
    this.chosen = null
    this.pictures = 0
    this.distances = new Distances(this)
    parts.slices.addEventListener('contextmenu', (event) => event.preventDefault())
  }

  get ready() {
    return Boolean(this.nv?.kept)
  }

  get worldMm() {
    return this.nv.frac2mm(this.nv.scene.crosshairPos, 0, true).slice(0, 3)
  }

  /** Where the crosshair is, LPS millimetres. */
  get pointLps() {
    return flip(this.worldMm, this.data.niftiFromLps)
  }

  /** Show the CT of `data` (url, space, findings); it is loaded only when its address has changed. */
  async show(data, { layout, settle }) {
    this.take(data)
    if (this.url === data.url) return this.ready && this.draw()
    const { slices, message } = this.parts
    message.textContent = data.loading
    const asked = ask(data.url)
    this.nv ??= await createSlices(slices, () => this.drawn())
    this.nv.onLocationChange = (location) => this.ready && this.hooks.moved(this, location.values[0]?.value)
    this.url = data.url
    this.firstImageMs = this.wholeMs = undefined
    this.uploaded = 0
    try {
      await streamVolume(asked, {
        onImage: (image) => {
          this.nv.volumes.slice().forEach((old) => this.nv.removeVolume(old))
          this.nv.setCustomLayout(layout)
          this.nv.addVolume(image)
          this.nv.scene.crosshairPos = [0.5, 0.5, 0.5]
          settle(this)
        },
        onSlices: (until, count) => this.arrived(until, count),
      })
      for (const count = this.nv.kept.hdr.dims[3]; this.uploaded < count; ) {
        this.uploadMore(count, count)
        await new Promise((resume) => setTimeout(resume))
      }
    } catch (error) {
      this.url = undefined
      throw error
    }
    this.wholeMs = performance.now()
    moveTo(this.nv, this.worldMm) // the reading at the crosshair was of slices that had not come yet
  }

  take(data) {
    this.data = data
    this.findings = data.findings.map((f) => ({ ...f, worldMm: flip(f.centerLpsMm, data.niftiFromLps) }))
  }

  /** The first picture is drawn as soon as the axial slice at the crosshair is there, the rest follows. */
  arrived(until, count) {
    if (this.firstImageMs !== undefined) return this.uploadMore(until, count)
    const at = this.sliceInFile()
    if (until < Math.min(count, at + AROUND)) return
    this.nv.uploadSlices(Math.max(0, at - AROUND), Math.min(count, at + AROUND))
    this.draw()
    this.firstImageMs = performance.now()
    this.parts.message.textContent = ''
  }

  uploadMore(until, count) {
    const to = Math.min(until, this.uploaded + AT_ONCE)
    if (to > this.uploaded) this.nv.uploadSlices(this.uploaded, to)
    this.uploaded = to
    const whole = to === count
    if (whole || performance.now() - this.drawnMs > REDRAW_MS) this.draw()
    this.parts.message.dataset.share = whole ? '' : `${Math.round((100 * to) / count)} %`
  }

  sliceInFile() {
    const { kept, scene } = this.nv
    const z = Math.round(this.nv.frac2vox(scene.crosshairPos)[2])
    return kept.permRAS[2] < 0 ? kept.dimsRAS[3] - 1 - z : z
  }

  go(worldMm) {
    if (this.ready) moveTo(this.nv, worldMm)
  }

  draw() {
    this.nv.drawScene()
  }

  /** After every picture: crosshair, marks, distances, and the planes' names with their millimetres. */
  drawn() {
    if (!this.ready) return
    const { nv, parts, data } = this
    const { overlay, slices } = parts
    this.drawnMs = performance.now()
    this.pictures++
    if (overlay.width !== slices.width || overlay.height !== slices.height) {
      overlay.width = slices.width
      overlay.height = slices.height
    }
    this.ratio = slices.width / slices.clientWidth
    this.marks = visibleMarks(nv, this.findings)
    const context = overlay.getContext('2d')
    context.clearRect(0, 0, overlay.width, overlay.height)
    paintCrosshair(context, nv, this.ratio)
    paintMarks(context, this.marks, this.chosen, this.ratio)
    this.distances.paint(context)
    this.nameplates(data.planeNames)
    this.hooks.drawn(this)
  }

  nameplates(names) {
    const shown = planes(this.nv)
    this.parts.labels.forEach((label, plane) => {
      const tile = shown.find((one) => one.axCorSag === plane)
      label.hidden = !tile
      if (!tile) return
      const box = rectangle(tile)
      label.textContent = `${names[plane]}  ${'zyx'[plane]} ${formatMm(this.planeMm(tile))} mm`
      const slot = this.nv.customLayout.find((one) => one.sliceType === plane).position
      label.style.left = `${slot[0] * 100}%`
      label.style.top = `${slot[1] * 100}%`
      label.dataset.box = [box.left, box.top, box.width, box.height].map((v) => Math.round(v / this.ratio)).join(',')
    })
  }

  /** Height (axial), depth (coronal) or side (sagittal) of a drawn plane, LPS millimetres. */
  planeMm(tile) {
    const atFrac = [0.5, 0.5, 0.5]
    atFrac[THROUGH[tile.axCorSag]] = tile.sliceFrac
    return flip(this.nv.frac2mm(atFrac, 0, true), this.data.niftiFromLps)[THROUGH[tile.axCorSag]]
  }

  /** Canvas pixels of a mouse event. */
  canvasAt(event) {
    const box = this.parts.slices.getBoundingClientRect()
    const ratio = this.parts.slices.width / box.width
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio]
  }

  /** The mark under a mouse event, among those given. */
  markUnder(event, marks) {
    return markAt(marks, ...this.canvasAt(event))
  }

  /** Give the GPU's memory back: a CT is hundreds of megabytes, and browsers keep it for a while. */
  destroy() {
    this.nv?.cleanup()
    this.nv?.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }
}
