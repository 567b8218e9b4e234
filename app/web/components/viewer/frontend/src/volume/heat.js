// The attention map of one finding as a small texture of its own, laid over the CT by millimetres.
import { NVImage } from '@niivue/niivue'
import { linear } from './ct.js'
import { inverse } from './affine.js'

let loadedSoFar = 0

/** The maps that were shown already; each is fetched once. */
export class Heats {
  #loaded = new Map()

  /** The map at `url`; nothing where it cannot be had: its address expires, the next rerun brings a new one. */
  async get(gl, url) {
    if (!this.#loaded.has(url)) this.#loaded.set(url, loadHeat(gl, url))
    try {
      return await this.#loaded.get(url)
    } catch {
      this.#loaded.delete(url)
      return null
    }
  }
}

/** Load the map at `url`: `{texture, fromWorld, number}`; `fromWorld` takes world millimetres to the texture. */
async function loadHeat(gl, url) {
  const { img, hdr } = await NVImage.loadFromUrl({ url, name: 'map.nii' })
  const [, width, height, depth] = hdr.dims
  const levels = Uint8Array.from(img, (share) => Math.round(255 * Math.min(1, Math.max(0, share))))
  const texture = gl.createTexture()
  gl.activeTexture(gl.TEXTURE15)
  gl.bindTexture(gl.TEXTURE_3D, texture)
  linear(gl)
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
  gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R8, width, height, depth)
  gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, width, height, depth, gl.RED, gl.UNSIGNED_BYTE, levels)
  const sizes = [width, height, depth]
  const voxel = inverse(hdr.affine)
  const fromWorld = voxel.map((row, axis) => row.map((value, k) => (value + (k === 3 ? 0.5 : 0)) / sizes[axis]))
  return { texture, fromWorld, number: ++loadedSoFar }
}
