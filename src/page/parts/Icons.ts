/** The drawings that `icon` shows: once a page, before all else. */

import { h } from '../h.ts'

export function Icons() {
  const symbol = (id: string, ...shapes: ReturnType<typeof h>[]) =>
    h('symbol', { id, viewBox: '0 0 24 24' }, shapes)
  return h(
    'svg',
    { class: 'unseen', 'aria-hidden': 'true' },
    symbol(
      'eye',
      h('path', { d: 'M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z' }),
      h('circle', { cx: '12', cy: '12', r: '3' }),
    ),
    symbol(
      'lock',
      h('rect', { x: '4.5', y: '10.5', width: '15', height: '10', rx: '2' }),
      h('path', { d: 'M8 10.5V7a4 4 0 0 1 8 0v3.5' }),
    ),
    symbol(
      'envelope',
      h('rect', { x: '2.5', y: '5', width: '19', height: '14', rx: '1.5' }),
      h('path', { d: 'M3 6l9 7 9-7' }),
    ),
    symbol(
      'open-lock',
      h('rect', { x: '4.5', y: '10.5', width: '15', height: '10', rx: '2' }),
      h('path', { d: 'M8 10.5V7a4 4 0 0 1 7.6-1.7' }),
    ),
  )
}
