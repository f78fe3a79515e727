/** What the parts of the toy share: what each is given, how one is laid out, and the marks for what is secret or public. */

import type { ComponentChildren } from 'preact'
import { h } from '../h.ts'
import type { Words } from './en.ts'
import type { Act, ToyState } from './state.ts'

/** What each part of the toy is given. */
export interface View {
  readonly words: Words
  readonly state: ToyState
  /** null on the server: nobody can press yet. */
  readonly act: Act | null
}

/** A part of the story: what it says, then its picture beside what one can change. */
export function Part({
  id,
  title,
  text,
  figure,
  children,
}: {
  readonly id: string
  readonly title: string
  readonly text: readonly string[]
  readonly figure?: ComponentChildren
  readonly children?: ComponentChildren
}) {
  return h(
    'section',
    { id, class: 'chapter', 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, title),
    h(
      'div',
      { class: 'tale' },
      text.map((sentence) => h('p', null, sentence)),
    ),
    figure && h('figure', null, figure),
    h('div', { class: 'play' }, children),
  )
}

/** A lock for what is secret, an eye for what all may see. */
export function Sign({ is }: { readonly is: 'public' | 'secret' }) {
  const lines =
    is === 'public'
      ? [
          h('path', { d: 'M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z' }),
          h('circle', { cx: 12, cy: 12, r: 3 }),
        ]
      : [
          h('rect', { x: 4.5, y: 10.5, width: 15, height: 10, rx: 2 }),
          h('path', { d: 'M8 10.5V7a4 4 0 0 1 8 0v3.5' }),
        ]
  return h('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, lines)
}
