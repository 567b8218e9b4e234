// How many slices a turn of the wheel is. A mouse sends large steps, a trackpad many small ones that add up.
const NOTCH_PX = 100
const SMALL_PX = 50
const LINE_PX = 33

export class Wheel {
  #rest = 0

  /** Slices to go, downwards positive; a turn the other way begins anew. */
  slices({ deltaY, deltaMode }) {
    const px = deltaMode === 1 ? deltaY * LINE_PX : deltaMode === 2 ? deltaY * NOTCH_PX : deltaY
    if (Math.abs(px) >= SMALL_PX) {
      this.#rest = 0
      return Math.sign(px) * Math.max(1, Math.round(Math.abs(px) / NOTCH_PX))
    }
    if (Math.sign(px) !== Math.sign(this.#rest)) this.#rest = 0
    this.#rest += px
    const whole = Math.trunc(this.#rest / SMALL_PX)
    this.#rest -= whole * SMALL_PX
    return whole
  }
}
