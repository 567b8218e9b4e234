// Why a finding is rejected, chosen by one key: a list over the images, a digit for each reason.

export class Reasons {
  /** @param choose told the finding and the reason, in the page's words */
  constructor(menu, choose) {
    Object.assign(this, { menu, choose })
  }

  get isOpen() {
    return !this.menu.hidden
  }

  /** Show the reasons for one finding. */
  open({ number, title, reasons }) {
    Object.assign(this, { number, reasons }) // whichever is chosen when the reason comes
    const list = document.createElement('ol')
    for (const reason of reasons) {
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: reason })
      button.addEventListener('click', () => this.take(reason))
      const entry = document.createElement('li')
      entry.append(button)
      list.append(entry)
    }
    this.menu.replaceChildren(Object.assign(document.createElement('b'), { textContent: title }), list)
    this.menu.ariaLabel = title
    this.menu.hidden = false
  }

  close() {
    this.menu.hidden = true
  }

  /** A key while the list is open; whether it was one of the list's. */
  press(key) {
    if (key === 'escape') this.close()
    const reason = this.reasons[Number(key) - 1]
    if (reason) this.take(reason)
    return key === 'escape' || Boolean(reason)
  }

  take(reason) {
    this.close()
    this.choose(this.number, reason)
  }
}
