// A CT over HTTP, shown while it still arrives: slices go to the GPU as soon as they are whole.
import { NVImage } from '@niivue/niivue'

const HEADER_BYTES = 352
const LEAST_SLICES = 8

/**
 * Load a NIfTI of int16.
 * @param {(image: NVImage) => void} onImage told once the header is there; the voxels are still zero
 * @param {(from: number, until: number, count: number) => void} onSlices told which slices came, in the file's order
 */
export async function streamVolume(url, { onImage, onSlices }) {
  const response = await fetch(url, { credentials: 'same-origin' })
  if (!response.ok) throw new Error(`the images were refused (${response.status})`)
  const reader = response.body.getReader()
  let { bytes: first, done } = await readAtLeast(reader, HEADER_BYTES)
  const { offset, sliceBytes, count } = layout(first)
  const whole = new ArrayBuffer(offset + sliceBytes * count)
  new Uint8Array(whole).set(first.subarray(0, Math.min(offset, first.length)))
  const image = await NVImage.new(whole, 'ct.nii', 'gray')
  onImage(image)
  const voxels = new Uint8Array(image.img.buffer, image.img.byteOffset, image.img.byteLength)
  let filled = 0
  let shown = 0
  const take = (chunk) => {
    voxels.set(chunk, filled)
    filled += chunk.length
    const ready = Math.floor(filled / sliceBytes)
    if (ready - shown < LEAST_SLICES && ready < count) return
    if (ready > shown) onSlices(shown, ready, count)
    shown = ready
  }
  take(first.subarray(offset))
  while (!done) {
    const next = await reader.read()
    done = next.done
    if (!done) take(next.value)
  }
  if (shown < count) throw new Error(`the images broke off after ${shown} of ${count} slices`)
  return image
}

async function readAtLeast(reader, least) {
  let bytes = new Uint8Array(0)
  while (bytes.length < least) {
    const { done, value } = await reader.read()
    if (done) throw new Error('the images broke off in their header')
    const longer = new Uint8Array(bytes.length + value.length)
    longer.set(bytes)
    longer.set(value, bytes.length)
    bytes = longer
  }
  return { bytes, done: false }
}

/** Where the voxels begin and how large a slice is, by NIfTI-1's header (little-endian, as we write it). */
function layout(bytes) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  const [width, height, count] = [42, 44, 46].map((at) => header.getInt16(at, true))
  return { offset: header.getFloat32(108, true), sliceBytes: width * height * 2, count }
}
