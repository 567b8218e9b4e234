// Two CTs of one patient go to the same place, by the registration, and are enlarged alike.
import { apply, inverse } from './volume/affine.js'
import { flip } from './planes/space.js'

export class Comparison {
  /** @param signs `() => niftiFromLps` of the data shown now */
  constructor(current, prior, signs) {
    Object.assign(this, { current, prior, signs })
  }

  /** @param affineLps rows that take LPS millimetres of this CT to those of the earlier */
  register(affineLps) {
    this.toPrior = affineLps
    this.toCurrent = inverse(affineLps)
  }

  end() {
    this.toPrior = undefined
  }

  get active() {
    return Boolean(this.toPrior && this.current.ready && this.prior.ready)
  }

  /** The other CT goes where this one is. */
  follow(from) {
    if (this.following || !this.active) return
    const to = from === this.current ? this.prior : this.current
    this.following = true
    to.go(flip(apply(to === this.prior ? this.toPrior : this.toCurrent, from.pointLps), this.signs()))
    this.following = false
  }

  /** The other CT shows as much, about the same place. */
  turn(from, plane) {
    if (!this.active) return
    const to = from === this.current ? this.prior : this.current
    const [fromCamera, toCamera] = [from, to].map(({ nv }) => nv.cameras.planes[plane])
    const [fromTile, toTile] = [from, to].map(({ nv }) => nv.screenSlices.find(({ axCorSag }) => axCorSag === plane))
    if (!fromTile || !toTile) return
    const whole = [from, to].map(({ nv }) => nv.wholePlane(plane))
    const scales = [fromTile, toTile].map(({ leftTopWidthHeight: [, , w, h] }, index) => Math.max(whole[index].fovMM[0] / w, whole[index].fovMM[1] / h))
    toCamera.zoom = (fromCamera.zoom * scales[1]) / scales[0]
    const shift = [from, to].map(({ nv }, index) => fromMiddle(nv, plane, whole[index]))
    toCamera.middle = fromCamera.middle.map((value, axis) => value - shift[0][axis] + shift[1][axis])
    to.draw()
  }
}

/** Where the crosshair is, millimetres from the middle of the plane. */
function fromMiddle(nv, plane, whole) {
  const at = nv.swizzleVec3MM(nv.frac2mm(nv.scene.crosshairPos).slice(0, 3), plane)
  return [0, 1].map((axis) => at[axis] - (whole.mnMM[axis] + whole.mxMM[axis]) / 2)
}
