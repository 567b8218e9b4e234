// The findings table: cells arrive as text from Python, a row is a button that moves the views.

/** Fill the table; `onChoose(id)` runs on click, Enter or space. */
export function fillTable(table, { columns, rows, empty }, onChoose) {
  table.replaceChildren()
  const head = table.createTHead().insertRow()
  for (const { title, note } of columns) {
    const cell = document.createElement('th')
    cell.textContent = title
    if (note) cell.append(Object.assign(document.createElement('small'), { textContent: note }))
    head.append(cell)
  }
  const body = table.createTBody()
  for (const { id, verdict, cells } of rows) {
    const row = body.insertRow()
    row.tabIndex = 0
    row.dataset.finding = id
    row.dataset.verdict = verdict
    for (const { text, interval } of cells) {
      const cell = row.insertCell()
      cell.textContent = text
      if (interval) {
        cell.append(' ', Object.assign(document.createElement('small'), { textContent: interval }))
      }
    }
    row.addEventListener('click', (event) => {
      if (event.detail > 0) row.blur() // Space is the film's again
      onChoose(id)
    })
    row.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      onChoose(id)
    })
  }
  if (!rows.length) {
    const cell = body.insertRow().insertCell()
    cell.colSpan = columns.length
    cell.className = 'empty'
    cell.textContent = empty
  }
}

/** Show which finding is chosen, and of which the decision is being saved. */
export function markRow(table, id, saving) {
  for (const row of table.querySelectorAll('tr[data-finding]')) {
    row.classList.toggle('chosen', Number(row.dataset.finding) === id)
    row.classList.toggle('saving', saving.has(Number(row.dataset.finding)))
    row.setAttribute('aria-selected', String(Number(row.dataset.finding) === id))
  }
}
