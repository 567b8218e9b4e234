// The CT's view set up for reading: radiological convention, no hot keys or drags that surprise.
import { DRAG_MODE, SLICE_TYPE } from '@niivue/niivue'
import { CtView } from './ct.js'

const LEFT = 0.52
const TOP = 0.5
const GAP = 0.002
const PLANES = [SLICE_TYPE.AXIAL, SLICE_TYPE.CORONAL, SLICE_TYPE.SAGITTAL]

/** Tiles as shares of the canvas: left, top, width, height; in NiiVue's order of planes. */
export const THREE_PLANES = [
  { sliceType: SLICE_TYPE.AXIAL, position: [0, 0, LEFT, 1] },
  { sliceType: SLICE_TYPE.CORONAL, position: [LEFT, 0, 1 - LEFT, TOP - GAP] },
  { sliceType: SLICE_TYPE.SAGITTAL, position: [LEFT, TOP + GAP, 1 - LEFT, 1 - TOP - GAP] },
]

/** One plane (axial 0, coronal 1, sagittal 2) on the whole canvas. */
export function onePlane(plane) {
  return [{ sliceType: PLANES[plane], position: [0, 0, 1, 1] }]
}

/** A view on `canvas`; `onDraw` runs after every picture, whatever caused it. */
export async function createSlices(canvas, onDraw) {
  const nv = new CtView({
    isRadiologicalConvention: true,
    sagittalNoseLeft: true,
    isCornerOrientationText: false,
    showAllOrientationMarkers: true,
    fontMinPx: 12,
    fontSizeScaling: 0.1,
    fontColor: [0.62, 0.71, 0.78, 1],
    crosshairWidth: 0, // ours is drawn over the picture, one pixel thin at every zoom
    backColor: [0, 0, 0, 1],
    dragMode: DRAG_MODE.none, // the right button changes the window, see window.js
    dragAndDropEnabled: false,
    isForceMouseClickToVoxelCenters: true,
    clipPlaneHotKey: '',
    cycleClipPlaneHotKey: '',
    viewModeHotKey: '',
    loadingText: '',
    logLevel: 'error',
  })
  await nv.attachToCanvas(canvas, false)
  // NiiVue has no event "picture drawn"; pan, wheel, resize and window all end in drawScene.
  const draw = nv.drawScene.bind(nv)
  nv.drawScene = () => {
    const text = draw()
    onDraw()
    return text
  }
  return nv
}

/** Move the crosshair, and so all planes, to a world point. */
export function moveTo(nv, worldMm) {
  nv.scene.crosshairPos = nv.mm2frac(worldMm, 0, true)
  nv.drawScene()
  nv.createOnLocationChange()
}

/** Whether the left button moves the crosshair; not while it draws a distance. */
export function leftButtonMoves(nv, moves) {
  nv.opts.dragModePrimary = moves ? DRAG_MODE.crosshair : DRAG_MODE.none
}
