// HU of the voxels whose centres lie within a rectangle or an ellipse of one slice.
const IN_PLANE = [[0, 1], [0, 2], [1, 2]]

/**
 * Mean, standard deviation (of the sample), smallest and largest HU, number of voxels and area.
 * @param nv the view
 * @param {{kind: string, plane: number, from: number[], to: number[]}} area corners in world millimetres
 * @returns `{missing: true}` where a slice of it has not come yet or no voxel's centre lies within
 */
export function statistics(nv, { kind, plane, from, to }) {
  const [a, b] = [from, to].map((worldMm) => exactVoxel(nv, worldMm))
  const [u, v] = IN_PLANE[plane]
  const middle = a.map((value, axis) => (value + b[axis]) / 2)
  const half = [u, v].map((axis) => Math.abs(a[axis] - b[axis]) / 2)
  const voxel = middle.map(Math.round)
  const values = []
  for (voxel[v] = Math.ceil(middle[v] - half[1]); voxel[v] <= middle[v] + half[1]; voxel[v]++) {
    for (voxel[u] = Math.ceil(middle[u] - half[0]); voxel[u] <= middle[u] + half[0]; voxel[u]++) {
      const away = [(voxel[u] - middle[u]) / half[0], (voxel[v] - middle[v]) / half[1]]
      if (kind === 'ellipse' && Math.hypot(...away) > 1) continue
      const hu = nv.huAt(voxel)
      if (hu === undefined) return { missing: true }
      values.push(hu)
    }
  }
  if (!values.length) return { missing: true }
  const mean = values.reduce((sum, hu) => sum + hu, 0) / values.length
  const squares = values.reduce((sum, hu) => sum + (hu - mean) ** 2, 0)
  const spacing = nv.kept.pixDimsRAS
  return {
    mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
    smallest: values.reduce((least, hu) => Math.min(least, hu)),
    largest: values.reduce((most, hu) => Math.max(most, hu)),
    voxels: values.length,
    areaMm2: values.length * spacing[u + 1] * spacing[v + 1],
  }
}

/** Voxel position that is not rounded; the centre of the first voxel is 0. */
function exactVoxel(nv, worldMm) {
  const frac = nv.mm2frac(worldMm, 0, true)
  return [0, 1, 2].map((axis) => frac[axis] * nv.kept.dimsRAS[axis + 1] - 0.5)
}
