/** A part of the page that opens when somebody asks for it. Without the script all of them are open, by the style sheet. */

import type { ComponentChildren } from 'preact'
import { h } from '../h.ts'

interface PartProps {
  id: string
  title: string
  isOpen?: boolean | undefined
  children?: ComponentChildren
}

export function Part({ id, title, isOpen, children }: PartProps) {
  return h(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    h(
      'details',
      { class: 'part', open: isOpen },
      h('summary', null, h('h2', { id: `${id}-title` }, title)),
      children,
    ),
  )
}
