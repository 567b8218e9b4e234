// A CT over HTTP, shown while it still arrives: slices go to the GPU as soon as they are whole.
import { NVImage } from '@niivue/niivue'

const HEADER_BYTES = 352
const LEAST_SLICES = 8

/** Ask for a volume; the bytes come while the view is still being set up. */
export function ask(url) {
  return fetch(url, { credentials: 'same-origin' })
}

/**
 * Take in a NIfTI of int16.
 * @param {Promise<Response>} asked what `ask` gave
 * @param {(image: NVImage) => void} onImage told once the header is there; the voxels are still zero
 * @param {(until: number, count: number) => void} onSlices told how many slices have come, in the file's order
 */
export async function streamVolume(asked, { onImage, onSlices }) {
  const response = await asked
  if (!response.ok) throw new Error(`the images were refused (${response.status})`)
  const reader = response.body.getReader()
  let { bytes: first, done } = await readAtLeast(reader, HEADER_BYTES)
  const { offset, dims } = layout(first)
  const [sliceBytes, count] = [dims[0] * dims[1] * 2, dims[2]]
  const image = await emptyImage(first.subarray(0, offset), dims)
  onImage(image)
  const voxels = new Uint8Array(image.img.buffer)
  let filled = 0
  let shown = 0
  const take = (chunk) => {
    voxels.set(chunk, filled)
    filled += chunk.length
    const ready = Math.floor(filled / sliceBytes)
    if (ready - shown < LEAST_SLICES && ready < count) return
    if (ready > shown) onSlices(ready, count)
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

/**
 * NiiVue's image of this header, its voxels still zero. NiiVue itself looks at every voxel for its window
 * and copies them, seconds for a large CT; so it gets one voxel to look at, then the true size.
 */
async function emptyImage(header, dims) {
  const small = new Uint8Array(header.length + 2)
  small.set(header)
  const sizes = new DataView(small.buffer)
  for (const at of [42, 44, 46]) sizes.setInt16(at, 1, true)
  const image = await NVImage.new(small.buffer, 'ct.nii', 'gray')
  dims.forEach((size, axis) => { image.hdr.dims[axis + 1] = size })
  image.nVox3D = dims[0] * dims[1] * dims[2]
  image.img = new Int16Array(image.nVox3D)
  image.calculateRAS()
  return image
}

/** Where the voxels begin and how many there are each way, by NIfTI-1's header (little-endian, as we write it). */
function layout(bytes) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  return { offset: header.getFloat32(108, true), dims: [42, 44, 46].map((at) => header.getInt16(at, true)) }
}
