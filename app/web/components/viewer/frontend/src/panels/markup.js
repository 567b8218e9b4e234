// The component's fixed elements.
import style from './style.css'

const PANE = (kind, canvas) => `
<div class="pane ${kind}">
  <canvas class="${canvas}"></canvas>
  <canvas class="overlay"></canvas>
  <div class="label axial"></div><div class="label coronal"></div><div class="label sagittal"></div>
  <div class="caption"></div>
  <div class="message"></div>
</div>`

const HTML = `
<section class="viewer">
  <header><div class="bar"></div></header>
  <div class="stage">${PANE('current', 'slices')}${PANE('prior', 'prior-slices')}<div class="reasons" role="menu" hidden></div></div>
  <div class="status">
    <div class="readout" aria-live="off"></div>
    <button type="button" class="diameter" hidden></button>
    <div class="note saving" role="status"></div>
    <div class="note" role="status"></div>
    <span class="convention"></span>
    <details class="help"><summary></summary><div class="keys"></div></details>
  </div>
  <div class="scroll" tabindex="0"><table></table></div>
</section>`

/** Put the elements below `parent` and return those that change, by name. */
export function build(parent) {
  const holder = document.createElement('div')
  holder.innerHTML = HTML
  const sheet = Object.assign(document.createElement('style'), { textContent: style })
  parent.append(sheet, holder)
  const find = (selector) => holder.querySelector(selector)
  return {
    root: find('.viewer'),
    bar: find('.bar'),
    readout: find('.readout'),
    keys: find('.keys'),
    stage: find('.stage'),
    current: pane(find('.pane.current')),
    prior: pane(find('.pane.prior')),
    convention: find('.convention'),
    keysName: find('.help summary'),
    diameter: find('.diameter'),
    note: find('.note:not(.saving)'),
    saving: find('.saving'),
    reasons: find('.reasons'),
    table: find('table'),
    scroll: find('.scroll'),
    remove: () => { sheet.remove(); holder.remove() },
  }
}

function pane(box) {
  const find = (selector) => box.querySelector(selector)
  return {
    box,
    slices: find('canvas'),
    overlay: find('.overlay'),
    labels: [find('.axial'), find('.coronal'), find('.sagittal')],
    caption: find('.caption'),
    message: find('.message'),
  }
}
