// The bar over the images: window, slab, map, distance, and the plane while two CTs stand side by side.
import { levelWidth, windowOf } from './window.js'

const SLABS = ['off', 'mip', 'mean', 'minip']

export class Toolbar {
  /** @param on `{window(w), slab(s), heat(share), measure(), plane(p)}` told what the reader chose */
  constructor(bar, on) {
    this.on = on
    this.presets = group(bar, 'presets')
    const free = group(bar, 'free')
    this.level = number(free, 'L', () => this.typed())
    this.width = number(free, 'W', () => this.typed())
    const slab = group(bar, 'slab')
    this.slabName = text(slab)
    this.mode = document.createElement('select')
    this.mode.addEventListener('change', () => this.slabChosen())
    slab.append(this.mode)
    this.thickness = slider(slab, { min: 1, max: 60, step: 1 }, () => this.slabChosen())
    this.thicknessText = text(slab)
    const heat = group(bar, 'heat')
    this.heatName = text(heat)
    this.opacity = slider(heat, { min: 0, max: 100, step: 5 }, () => on.heat(Number(this.opacity.value) / 100))
    this.opacityText = text(heat)
    this.heatGroup = heat
    this.ruler = button(group(bar, 'ruler'), () => on.measure())
    this.planes = group(bar, 'planes')
  }

  typed() {
    const [level, width] = [Number(this.level.value), Number(this.width.value)]
    if (Number.isFinite(level) && width > 0) this.on.window(windowOf({ level, width }))
  }

  slabChosen() {
    this.on.slab({ mode: this.mode.value, thicknessMm: Number(this.thickness.value) })
  }

  /** Words and presets; only when they change. */
  speak({ words, presets }) {
    this.words = words
    this.presetList = presets
    this.presets.replaceChildren()
    for (const [index, preset] of presets.entries()) {
      const one = button(this.presets, () => this.on.window({ low: preset.low, high: preset.high }))
      one.textContent = preset.name
      one.title = `${preset.range} HU · ${index + 1}`
    }
    this.slabName.textContent = words.slab
    this.mode.ariaLabel = words.slab
    this.mode.replaceChildren(...SLABS.map((mode) => new Option(words[`slab_${mode}`], mode)))
    this.thickness.ariaLabel = `${words.slab}, mm`
    this.heatName.textContent = words.heat
    this.opacity.ariaLabel = `${words.heat}, %`
    this.ruler.textContent = words.distance
    this.planes.replaceChildren()
    for (const [plane, name] of [words.axial, words.coronal, words.sagittal].entries()) {
      button(this.planes, () => this.on.plane(plane)).textContent = name
    }
  }

  /** Show what holds now. */
  show({ window, slab, heatOpacity, hasHeat, measuring, plane, comparing }) {
    const { level, width } = levelWidth(window)
    if (document.activeElement !== this.level) this.level.value = level
    if (document.activeElement !== this.width) this.width.value = width
    for (const [index, one] of [...this.presets.children].entries()) {
      const { low, high } = this.presetList[index]
      one.setAttribute('aria-pressed', String(low === window.low && high === window.high))
    }
    this.mode.value = slab.mode
    this.thickness.value = slab.thicknessMm
    this.thickness.disabled = slab.mode === 'off'
    this.thicknessText.textContent = slab.mode === 'off' ? '' : `${slab.thicknessMm} mm`
    this.opacity.value = Math.round(heatOpacity * 100)
    this.opacityText.textContent = `${Math.round(heatOpacity * 100)} %`
    this.heatGroup.classList.toggle('absent', !hasHeat)
    this.opacity.disabled = !hasHeat
    this.heatGroup.title = hasHeat ? '' : this.words.no_heat
    this.ruler.setAttribute('aria-pressed', String(measuring))
    this.planes.hidden = !comparing
    for (const [index, one] of [...this.planes.children].entries()) one.setAttribute('aria-pressed', String(index === plane))
  }
}

function group(bar, name) {
  const made = Object.assign(document.createElement('div'), { className: name })
  made.setAttribute('role', 'group')
  bar.append(made)
  return made
}

function text(parent) {
  const made = document.createElement('span')
  parent.append(made)
  return made
}

function button(parent, onClick) {
  const made = Object.assign(document.createElement('button'), { type: 'button' })
  made.addEventListener('click', onClick)
  parent.append(made)
  return made
}

function number(parent, name, onChange) {
  const label = document.createElement('label')
  const made = Object.assign(document.createElement('input'), { type: 'number', step: 10, ariaLabel: name })
  made.addEventListener('change', onChange)
  label.append(name, made)
  parent.append(label)
  return made
}

function slider(parent, range, onInput) {
  const made = Object.assign(document.createElement('input'), { type: 'range', ...range })
  made.addEventListener('input', onInput)
  parent.append(made)
  return made
}
