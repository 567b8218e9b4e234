// NiiVue that draws slices from HU kept on the GPU as half floats.
//
// NiiVue's own way colours the whole volume anew for each change of the window: for 512x512x300 that takes
// more than a minute of software WebGL. Here window, slab and heat are uniforms of the slice's shader.
import { Niivue } from '@niivue/niivue'
import { after, fromColumns, fromRows, inverse, toColumns } from './affine.js'
import { Cameras, closeUpFrame } from '../planes/camera.js'
import { halves } from './halves.js'
import { Loaded } from './loaded.js'
import { Painted } from './painted.js'
import { FRAGMENT, SLAB } from './shader.js'

const HU_UNIT = 14 // NiiVue uses units 0 to 10
const HEAT_UNIT = 15
const INT16 = 4

export class CtView extends Niivue {
  window = { low: -1350, high: 150 }
  slab = { mode: 'off', thicknessMm: 10 }
  heat = null // {texture, fromWorld}, see heat.js
  heatOpacity = 0
  inverted = false
  cameras = new Cameras()
  coarse = false // half the resolution will do, see pace.js
  painted = new Painted()
  closeUpOf = null // {worldMm, diameterMm}; the crosshair where nothing is chosen

  /** NiiVue calls this for every change of a volume; only a new volume needs work. */
  refreshLayers(image) {
    if (image === this.kept || !this.back) return
    if (image.hdr.datatypeCode !== INT16) throw new Error(`the volume must hold int16, not NIfTI type ${image.hdr.datatypeCode}`)
    this.kept = image
    this.volumeNumber = (this.volumeNumber ?? 0) + 1
    this.volumeObject3D = extents(image)
    this.back.matRAS = image.matRAS
    this.back.dims = image.dimsRAS
    this.back.pixDims = image.pixDimsRAS
    const { volScale, vox } = this.sliceScale(true)
    this.volScale = volScale
    this.vox = vox
    this.nativeFromFrac = toColumns(inverse(fromRows(image.toRAS)))
    this.allocate(image)
    this.loaded = new Loaded(image.hdr.dims[3])
    this.cameras.fit()
    if (!this.customSliceShader) this.setCustomSliceShader(FRAGMENT)
  }

  allocate({ hdr }) {
    const { gl } = this
    gl.deleteTexture(this.hu ?? null)
    this.hu = gl.createTexture()
    gl.activeTexture(gl.TEXTURE0 + HU_UNIT)
    gl.bindTexture(gl.TEXTURE_3D, this.hu)
    linear(gl)
    gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R16F, hdr.dims[1], hdr.dims[2], hdr.dims[3])
  }

  /** Bring slices `from` to `until` (in the file's order) to the GPU. */
  uploadSlices(from, until) {
    const { gl, kept } = this
    const [, width, height] = kept.hdr.dims
    gl.activeTexture(gl.TEXTURE0 + HU_UNIT)
    gl.bindTexture(gl.TEXTURE_3D, this.hu)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    const bits = halves(kept.img.subarray(from * width * height, until * width * height))
    gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, from, width, height, until - from, gl.RED, gl.HALF_FLOAT, bits)
  }

  /** A tile shows as much of its plane as its camera says, in the whole slot that the layout gives it. */
  draw2D([left, top, width, height], plane) {
    const { gl, screenSlices } = this
    const index = screenSlices.length
    const [box, inset] = [[left, top, width, height], this.customLayout[index]?.inset ?? false]
    this.drawn = { size: [width, height], inset }
    const shows = this.shows(plane, box)
    const standing = this.painted.standing(index, shows, this.coarse)
    if (standing) return screenSlices.push(standing)
    const { worldMm } = this.focus()
    const through = this.frac2mm(this.mm2frac(worldMm, 0, true))[2 - plane]
    const paint = (into) => this.draw2DMain(into, plane, inset ? through : NaN)
    if (this.coarse) this.painted.coarsely(gl, box, paint)
    else {
      super.clearBounds(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT, box)
      paint(box)
    }
    const tile = Object.assign(screenSlices.at(-1), this.drawn, { leftTopWidthHeight: box, coarse: this.coarse })
    return this.painted.note(index, shows, tile)
  }

  /** All that the picture of a tile depends on, as text. */
  shows(plane, box) {
    const { drawn, scene, cameras, window, inverted, slab, heat, heatOpacity, loaded, volumeNumber } = this
    const where = drawn.inset ? this.focus() : [scene.crosshairPos[2 - plane], cameras.planes[plane]]
    const warm = heat && heatOpacity > 0 ? [heat.number, heatOpacity] : 0
    return JSON.stringify([plane, box, where, window, inverted, slab, warm, loaded.shares(), volumeNumber])
  }

  /** NiiVue clears the whole canvas for each picture; tiles that stand stay. */
  clearBounds(mask, bounds) {
    const whole = bounds === undefined
    if (whole && !this.painted.begin(this.gl, this.customLayout)) return
    super.clearBounds(mask, bounds)
  }

  /** What the close-ups show. */
  focus() {
    return this.closeUpOf ?? { worldMm: this.frac2mm(this.scene.crosshairPos, 0, true).slice(0, 3), diameterMm: 0 }
  }

  screenFieldOfViewExtendedVox(plane) {
    const whole = super.screenFieldOfViewExtendedVox(plane)
    if (!this.drawn) return whole
    const { size, inset } = this.drawn
    if (!inset) return this.cameras.frame(whole, plane, size)
    const { worldMm, diameterMm } = this.focus()
    const at = this.swizzleVec3MM(this.frac2mm(this.mm2frac(worldMm, 0, true)).slice(0, 3), plane)
    return closeUpFrame(whole, at, diameterMm, size)
  }

  /** All of a plane, as NiiVue counts. */
  wholePlane(plane) {
    return super.screenFieldOfViewExtendedVox(plane)
  }

  /** HU of a voxel (right to left, back to front, feet to head); nothing where it has not come yet. */
  huAt([x, y, z]) {
    const { kept, loaded } = this
    const [, width, height, depth] = kept.dimsRAS
    if (x < 0 || y < 0 || z < 0 || x >= width || y >= height || z >= depth) return undefined
    if (!loaded.has(kept.permRAS[2] < 0 ? depth - 1 - z : z)) return undefined
    return kept.getValue(x, y, z)
  }

  bindTextures() {
    super.bindTextures()
    if (this.customSliceShader && this.kept) this.setUniforms()
  }

  setUniforms() {
    const { gl, customSliceShader: shader, kept, slab } = this
    shader.use(gl)
    const { uniforms } = shader
    for (const [unit, name, texture] of [[HU_UNIT, 'hu', this.hu], [HEAT_UNIT, 'heat', this.heat?.texture ?? this.hu]]) {
      gl.activeTexture(gl.TEXTURE0 + unit)
      gl.bindTexture(gl.TEXTURE_3D, texture)
      gl.uniform1i(uniforms[name], unit)
    }
    gl.uniformMatrix4fv(uniforms.nativeFromFrac, false, this.nativeFromFrac)
    if (this.heat) gl.uniformMatrix4fv(uniforms.heatFromFrac, false, toColumns(after(this.heat.fromWorld, fromColumns(kept.frac2mm))))
    gl.uniform1f(uniforms.heatOpacity, this.heat ? this.heatOpacity : 0)
    gl.uniform2f(uniforms.window, ...(this.inverted ? [this.window.high, this.window.low] : [this.window.low, this.window.high]))
    gl.uniform4f(uniforms.loaded, ...this.loaded.shares())
    gl.uniform1i(uniforms.slabMode, SLAB[slab.mode])
    const spacing = kept.pixDimsRAS.slice(1, 4)
    const sizeMm = spacing.map((mm, axis) => mm * kept.dimsRAS[axis + 1])
    gl.uniform3f(uniforms.slabFrac, ...sizeMm.map((mm) => slab.thicknessMm / mm))
    gl.uniform3f(uniforms.slabSamples, ...spacing.map((mm) => Math.max(1, Math.ceil(slab.thicknessMm / mm))))
  }
}

/** What NiiVue must know of a volume's size to lay out its planes. */
function extents(image) {
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => image.convertFrac2MM([n & 1, (n >> 1) & 1, n >> 2], true))
  const along = (pick) => [0, 1, 2].map((axis) => pick(...corners.map((corner) => corner[axis])))
  return {
    extentsMin: along(Math.min),
    extentsMax: along(Math.max),
    furthestVertexFromOrigin: Math.max(...corners.map((corner) => Math.hypot(...corner.slice(0, 3)))),
    fieldOfViewDeObliqueMM: [1, 2, 3].map((axis) => image.dimsRAS[axis] * image.pixDimsRAS[axis]),
  }
}

/** Smooth between voxels, the edge repeated. */
export function linear(gl) {
  for (const [name, value] of [
    [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
    [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
    [gl.TEXTURE_WRAP_R, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
  ]) gl.texParameteri(gl.TEXTURE_3D, name, value)
}
