// One CT on the screen: its planes, its marks, and how far it has come over the line.
import { paintCrosshair } from '../drawn/crosshair.js'
import { markAt, paintMarks, visibleMarks } from '../drawn/marks.js'
import { keptLine } from '../panels/diameter.js'
import { Cameras } from './camera.js'
import { paintLetters } from '../drawn/letters.js'
import { Measures } from '../drawn/measures.js'
import { planes, rectangle } from './projection.js'
import { createSlices, moveTo } from './slices.js'
import { tiles } from './layout.js'
import { flip, formatMm } from './space.js'
import { ask, streamVolume } from '../volume/stream.js'

const THROUGH = [2, 1, 0]
const REDRAW_MS = 400
const AROUND = 4 // slices that the first picture needs on each side
const AT_ONCE = 16 // slices brought to the GPU between two chances for the browser to do something else

export class Pane {
  /**
   * @param parts elements, see markup.js
   * @param hooks `{moved(pane), drawing(pane), drawn(pane)}`
   */
  constructor(parts, hooks) {
    this.parts = parts
    this.hooks = hooks
    this.findings = []
    this.marks = []
    this.chosen = null
    this.pictures = 0
    this.measures = new Measures(this)
    this.arrangement = { layout: 'three', plane: 0, closeUp: true }
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
  async show(data, { settle }) {
    this.take(data)
    if (this.url === data.url) return this.ready && this.draw()
    const { slices, message } = this.parts
    message.textContent = data.loading
    const asked = ask(data.url)
    this.nv ??= await createSlices(slices, () => this.drawn())
    this.nv.onLocationChange = () => this.ready && this.hooks.moved(this)
    this.url = data.url
    this.firstImageMs = this.wholeMs = undefined
    this.uploaded = 0
    try {
      await streamVolume(asked, {
        onImage: (image) => {
          this.nv.volumes.slice().forEach((old) => this.nv.removeVolume(old))
          this.measures.clear()
          this.nv.customLayout = tiles({ layout: 'one', plane: 0 }, [1, 1], [1, 1, 1])
          this.nv.addVolume(image)
          this.nv.scene.crosshairPos = [0.5, 0.5, 0.5]
          this.arrange()
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
    this.measures.kept = data.findings.map((f) => keptLine(f, data.niftiFromLps)).filter(Boolean)
  }

  /** The first picture is drawn as soon as the axial slice at the crosshair is there, the rest follows. */
  arrived(until, count) {
    if (this.firstImageMs !== undefined) return this.uploadMore(until, count)
    const at = this.sliceInFile()
    if (until < Math.min(count, at + AROUND)) return
    this.nv.loaded.first = [Math.max(0, at - AROUND), Math.min(count, at + AROUND)]
    this.nv.uploadSlices(...this.nv.loaded.first)
    this.nv.drawNow()
    this.firstImageMs = performance.now()
    this.parts.message.textContent = ''
  }

  uploadMore(until, count) {
    const to = Math.min(until, this.uploaded + AT_ONCE)
    if (to > this.uploaded) this.nv.uploadSlices(this.uploaded, to)
    this.uploaded = to
    this.nv.loaded.grown = [0, to]
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

  /** Lay the planes out for the stage as it is now; `chosen` holds until other is chosen. */
  arrange(chosen = this.arrangement) {
    this.arrangement = chosen
    if (!this.ready) return
    const { slices } = this.parts
    const layout = tiles(chosen, [slices.clientWidth || 1, slices.clientHeight || 1], this.sizeMm())
    this.laidOut = [slices.clientWidth, slices.clientHeight].join()
    this.nv.customLayout = layout
  }

  sizeMm() {
    const { pixDimsRAS, dimsRAS } = this.nv.kept
    return [1, 2, 3].map((axis) => pixDimsRAS[axis] * dimsRAS[axis])
  }

  /** After every picture: crosshair, marks, measures, letters, and the planes' names with their millimetres. */
  drawn() {
    if (!this.ready) return
    const { nv, parts, data } = this
    const { overlay, slices } = parts
    if (this.laidOut !== [slices.clientWidth, slices.clientHeight].join()) { // the stage has another size
      this.arrange()
      return this.draw()
    }
    this.drawnMs = performance.now()
    this.pictures++
    this.hooks.drawing(this)
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
    this.measures.paint(context)
    nv.screenSlices.forEach((tile) => paintLetters(context, tile, this.ratio))
    this.nameplates(data.planeNames)
    this.hooks.drawn(this)
  }

  nameplates(names) {
    const shown = planes(this.nv)
    this.parts.labels.forEach((label, plane) => {
      const tile = shown.find(({ axCorSag }) => axCorSag === plane)
      label.hidden = !tile
      if (!tile) return
      const box = rectangle(tile)
      label.textContent = `${names[plane]}  ${'zyx'[plane]} ${formatMm(this.planeMm(tile))} mm`
      label.style.left = `${box.left / this.ratio}px`
      label.style.top = `${box.top / this.ratio}px`
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

  /** Which of the drawn tiles is under a mouse event; -1 where none is. */
  tileAt(event) {
    return this.nv.tileIndex(...this.canvasAt(event))
  }

  /** World point under a mouse event, its plane and tile; `tile` where it must be on that one. */
  worldAt(event, tile = this.tileAt(event)) {
    if (tile === undefined || tile < 0) return undefined
    const frac = this.nv.screenXY2TextureFrac(...this.canvasAt(event), tile, true)
    if (frac[0] < 0) return undefined
    return { worldMm: Array.from(this.nv.frac2mm(frac, 0, true)).slice(0, 3), plane: this.nv.screenSlices[tile].axCorSag, tile, frac }
  }

  /** Move the crosshair to the voxel under a mouse event. */
  pointAt(event) {
    const at = this.worldAt(event)
    if (!at) return
    this.nv.scene.crosshairPos = this.nv.vox2frac(this.nv.frac2vox(at.frac))
    this.draw()
    this.nv.createOnLocationChange()
  }

  /** HU at a place of the volume; nothing where its slice has not come. */
  huAtFrac(frac) {
    return this.nv.huAt(Array.from(this.nv.frac2vox(frac), Math.round))
  }

  /** HU at the crosshair. */
  get hu() {
    return this.huAtFrac(this.nv.scene.crosshairPos)
  }

  /** Go some voxels to the left, to the front and to the head. */
  step(byVoxels) {
    this.nv.moveCrosshairInVox(...byVoxels)
  }

  /** Millimetres a pixel of the screen on a drawn tile. */
  mmPerPixel(tile) {
    const { fovMM, leftTopWidthHeight } = this.nv.screenSlices[tile]
    return (Math.abs(fovMM[0]) / leftTopWidthHeight[2]) * this.ratio
  }

  /** Enlarge about a point of the screen (`{x, y}` in the window); not the close-ups. */
  zoom(tile, factor, { x, y }) {
    const shown = this.nv.screenSlices[tile]
    if (!shown || shown.inset) return
    const [left, top, width, height] = shown.leftTopWidthHeight
    const [px, py] = this.canvasAt({ clientX: x, clientY: y })
    const whole = this.nv.wholePlane(shown.axCorSag)
    const at = [shown.leftTopMM[0] + ((px - left) / width) * shown.fovMM[0], shown.leftTopMM[1] + (1 - (py - top) / height) * shown.fovMM[1]]
    const about = at.map((value, axis) => value - (whole.mnMM[axis] + whole.mxMM[axis]) / 2)
    this.nv.cameras.zoomAt(shown.axCorSag, factor, about)
    this.draw()
  }

  /** Move the picture with the pointer, pixels of the screen. */
  pan(tile, [across, down]) {
    const shown = this.nv.screenSlices[tile]
    if (!shown || shown.inset) return
    const mm = this.mmPerPixel(tile)
    this.nv.cameras.pan(shown.axCorSag, [-across * mm * Math.sign(shown.fovMM[0]), down * mm])
    this.draw()
  }

  /** All of each plane. */
  fit() {
    this.nv.cameras.fit()
    this.draw()
  }

  /** One voxel a pixel of the screen, about the crosshair. */
  oneToOne() {
    const { nv } = this
    for (const tile of planes(nv)) {
      const plane = tile.axCorSag
      const spacing = nv.kept.pixDimsRAS[plane === 2 ? 2 : 1]
      const whole = nv.wholePlane(plane)
      const size = tile.leftTopWidthHeight.slice(2)
      const at = nv.swizzleVec3MM(nv.frac2mm(nv.scene.crosshairPos).slice(0, 3), plane)
      nv.cameras.planes[plane] = { zoom: Cameras.fitScale(whole, size) / spacing, middle: [0, 1].map((axis) => at[axis] - (whole.mnMM[axis] + whole.mxMM[axis]) / 2) }
    }
    this.draw()
  }

  /** The mark under a mouse event, among those given. */
  markUnder(event, marks) {
    return markAt(marks, ...this.canvasAt(event))
  }

  /** Give the GPU's memory back: a CT is hundreds of megabytes, and browsers keep it for a while. */
  destroy() {
    this.nv?.stopDrawing()
    this.nv?.cleanup()
    this.nv?.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }
}
