/** Records and fields have addresses: opens the one that the page was opened with, or that a link names. */

/** Opens the record or the field that the address names, and goes there. */
export function openAddressed(): void {
  const [record] = /^#record-\d+/.exec(location.hash) ?? []
  if (record === undefined) return
  const details = document.querySelector<HTMLDetailsElement>(`${record} details`)
  if (details === null) return
  // as somebody's click does, so that it is filled
  if (!details.open) details.querySelector('summary')?.click()
  requestAnimationFrame(() => {
    const target = document.getElementById(location.hash.slice(1))
    target?.scrollIntoView({ block: 'center' })
    target?.focus({ preventScroll: true })
  })
}

/** The link to the other language leads to the same record. */
export function keepAddress(): void {
  document.addEventListener('click', ({ target }) => {
    const link = (target as Element).closest<HTMLAnchorElement>('#language a')
    if (link) link.hash = location.hash
  })
}
