// Slices one after the other, as a film: to the last one, and then again from the first.
const SPEEDS = [5, 10, 20, 30] // slices a second
const MS = 1000

export class Cine {
  constructor(view) {
    this.view = view
    this.speed = 10
  }

  get running() {
    return this.frame !== undefined
  }

  toggle() {
    if (this.running) return this.stop()
    this.nextMs = performance.now()
    this.frame = requestAnimationFrame((now) => this.play(now))
    this.view.set({})
  }

  stop() {
    cancelAnimationFrame(this.frame)
    this.frame = undefined
    this.view.set({})
  }

  faster(by) {
    const at = SPEEDS.indexOf(this.speed) + by
    this.speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at))]
    this.view.set({})
  }

  play(now) {
    if (!this.view.current.ready) return this.stop()
    if (now >= this.nextMs) {
      this.nextMs = Math.max(now, this.nextMs + MS / this.speed)
      const { nv } = this.view.current
      const plane = this.view.layout === 'three' ? 0 : this.view.plane
      const axis = 2 - plane
      const at = Math.round(nv.frac2vox(nv.scene.crosshairPos)[axis])
      const by = [0, 0, 0]
      by[axis] = at > 0 ? -1 : nv.kept.dimsRAS[axis + 1] - 1
      this.view.current.step(by)
    }
    this.frame = requestAnimationFrame((next) => this.play(next))
  }
}
