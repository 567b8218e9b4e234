// NiiVue set up for reading a chest CT: three planes, radiological convention, no hot keys that surprise.
import { DRAG_MODE, Niivue, SLICE_TYPE } from '@niivue/niivue'

const LEFT = 0.52
const TOP = 0.5
const GAP = 0.002

/** Tiles as shares of the canvas: left, top, width, height; in NiiVue's order of planes. */
export const LAYOUT = [
  { sliceType: SLICE_TYPE.AXIAL, position: [0, 0, LEFT, 1] },
  { sliceType: SLICE_TYPE.CORONAL, position: [LEFT, 0, 1 - LEFT, TOP - GAP] },
  { sliceType: SLICE_TYPE.SAGITTAL, position: [LEFT, TOP + GAP, 1 - LEFT, 1 - TOP - GAP] },
]

/** A NiiVue on `canvas`; `onDraw` runs after every picture, whatever caused it. */
export async function createSlices(canvas, onDraw) {
  const nv = new Niivue({
    isRadiologicalConvention: true,
    sagittalNoseLeft: true,
    isCornerOrientationText: false,
    showAllOrientationMarkers: true,
    fontMinPx: 12,
    fontSizeScaling: 0.1,
    fontColor: [0.62, 0.71, 0.78, 1],
    crosshairWidth: 0, // ours is drawn over the picture, one pixel thin at every zoom
    backColor: [0, 0, 0, 1],
    dragMode: DRAG_MODE.windowing,
    dragAndDropEnabled: false,
    isForceMouseClickToVoxelCenters: true,
    clipPlaneHotKey: '',
    cycleClipPlaneHotKey: '',
    viewModeHotKey: '',
    loadingText: '',
    logLevel: 'error',
  })
  await nv.attachToCanvas(canvas, false)
  nv.setCustomLayout(LAYOUT)
  // NiiVue has no event "picture drawn"; pan, wheel, resize and window all end in drawScene.
  const draw = nv.drawScene.bind(nv)
  nv.drawScene = () => {
    const text = draw()
    onDraw()
    return text
  }
  return nv
}

/** Load one volume and show it through a window. */
export async function loadVolume(nv, url, { low, high }) {
  await nv.loadVolumes([{ url, name: 'ct.nii', colormap: 'gray', cal_min: low, cal_max: high }])
}

/** Show HU between `low` and `high`. */
export function setWindow(nv, { low, high }) {
  const [volume] = nv.volumes
  if (!volume) return
  volume.cal_min = low
  volume.cal_max = high
  nv.updateGLVolume()
}

/** Move the crosshair, and so all three planes, to a world point. */
export function moveTo(nv, worldMm) {
  nv.scene.crosshairPos = nv.mm2frac(worldMm, 0, true)
  nv.drawScene()
  nv.createOnLocationChange()
}
