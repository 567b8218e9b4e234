// Mouse, pen, fingers and wheel on one CT.
//
// Left: the tool in hand. Right: the window. Both, or left with Ctrl: zoom. Middle, or left with Shift: pan. Two
// fingers: zoom and pan. Wheel: slices; with Ctrl, which is also how a trackpad's pinch arrives: zoom.
import { SHAPES } from '../drawn/measures.js'
import { Wheel } from './wheel.js'
import { windowDrag } from './window.js'

const ZOOM_PER_PX = 1.01
const CLICK_PX = 4
const DOUBLE_MS = 500
const THROUGH = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]

export class Pointer {
  /** @param view `{tool, window, chosen, set(), clicked(pane, event, marks), turned(pane), doubled(plane)}` */
  constructor(pane, view) {
    Object.assign(this, { pane, view, canvas: pane.parts.slices, fingers: new Map(), wheel: new Wheel() })
    const on = (type, act, options) => this.canvas.addEventListener(type, (event) => this.pane.ready && act.call(this, event), options)
    this.canvas.addEventListener('contextmenu', (event) => event.preventDefault())
    on('pointerdown', this.down)
    on('pointermove', this.move)
    for (const end of ['pointerup', 'pointercancel']) on(end, this.up)
    on('pointerleave', () => view.hovered(pane, null))
    on('wheel', this.turn, { passive: false })
    on('dblclick', this.double)
  }

  down(event) {
    event.preventDefault() // no text selection, no autoscroll of the middle button
    document.activeElement?.blur?.() // keys are the viewer's again
    this.canvas.setPointerCapture(event.pointerId)
    this.fingers.set(event.pointerId, event)
    const tile = this.pane.tileAt(event)
    this.at = { x: event.clientX, y: event.clientY }
    if (event.timeStamp - (this.pressedMs ?? -DOUBLE_MS) > DOUBLE_MS) this.first = { worldMm: this.pane.worldMm, chosen: this.view.chosen }
    this.pressedMs = event.timeStamp
    this.from = { ...this.at, tile, window: this.view.window, marks: this.pane.marks }
    this.act = this.fingers.size > 1 ? 'pinch' : this.actionOf(event)
    if (this.act === 'pinch') this.pane.go(this.first.worldMm) // the first finger was not to point
    if (this.act === 'draw') this.begin(event)
    if (this.act === 'point') this.pane.pointAt(event)
  }

  actionOf({ button, ctrlKey, metaKey, shiftKey }) {
    if (button === 1 || (button === 0 && shiftKey)) return 'pan'
    if (button === 2) return 'window'
    if (ctrlKey || metaKey) return 'zoom'
    if (SHAPES.includes(this.view.tool)) return 'draw'
    return this.view.tool === 'crosshair' ? 'point' : this.view.tool
  }

  begin(event) {
    const at = this.pane.worldAt(event)
    if (at && !this.pane.nv.screenSlices[at.tile].inset) this.pane.measures.begin(this.view.tool, at, this.view.chosen)
  }

  move(event) {
    this.view.hovered(this.pane, event)
    if (!this.act) return
    if (event.buttons === 3 && this.act !== 'zoom') { // the second button tells of itself only here
      this.act = 'zoom'
      this.pane.measures.open = undefined
    }
    const by = [event.clientX - this.at.x, event.clientY - this.at.y]
    const before = this.hand()
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, event)
    this.at = { x: event.clientX, y: event.clientY }
    const { tile } = this.from
    if (this.act === 'point') this.pane.pointAt(event)
    else if (this.act === 'draw') this.draw(event)
    else if (this.act === 'window') this.view.set({ window: windowDrag(this.from.window, event.clientX - this.from.x, event.clientY - this.from.y) })
    else if (this.act === 'zoom') this.pane.zoom(tile, ZOOM_PER_PX ** -by[1], this.from)
    else if (this.act === 'pan') this.pane.pan(tile, by)
    else if (this.act === 'pinch') this.pinch(tile, before)
    if (['zoom', 'pan', 'pinch'].includes(this.act)) this.view.turned(this.pane)
  }

  /** Two fingers: what lies between them stays there. */
  pinch(tile, before) {
    const now = this.hand()
    if (!before || !now) return
    this.pane.zoom(tile, now.spread / before.spread, before)
    this.pane.pan(tile, [now.x - before.x, now.y - before.y])
  }

  /** The middle of two fingers, and the pixels between them; nothing with one. */
  hand() {
    const [a, b] = this.fingers.values()
    if (!b) return undefined
    const spread = Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY))
    return { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2, spread }
  }

  draw(event) {
    const { measures } = this.pane
    measures.stretch(this.pane.worldAt(event, measures.open?.tile))
    this.pane.drawn()
  }

  up(event) {
    this.fingers.delete(event.pointerId)
    if (!this.act) return
    const { act, from } = this
    this.act = undefined
    if (act === 'draw') {
      this.pane.measures.end()
      this.pane.drawn()
      this.view.drew(this.pane)
    }
    const still = Math.hypot(event.clientX - from.x, event.clientY - from.y) < CLICK_PX
    if (act === 'point' && event.type === 'pointerup' && from.tile >= 0) this.view.clicked(this.pane, still ? this.pane.markUnder(event, from.marks) : undefined, still)
  }

  turn(event) {
    event.preventDefault()
    const tile = this.pane.tileAt(event)
    if (tile < 0) return
    if (event.ctrlKey || event.metaKey) {
      const factor = Math.min(1.5, Math.max(1 / 1.5, Math.exp(-event.deltaY / 300)))
      this.pane.zoom(tile, factor, { x: event.clientX, y: event.clientY })
      this.view.turned(this.pane)
      return
    }
    const slices = this.wheel.slices(event)
    if (slices) this.pane.step(THROUGH[this.pane.nv.screenSlices[tile].axCorSag].map((axis) => -axis * slices))
  }

  double(event) {
    const tile = this.pane.tileAt(event)
    if (tile >= 0 && this.view.tool === 'crosshair') this.view.doubled(this.pane, this.pane.nv.screenSlices[tile].axCorSag, this.first)
  }
}
