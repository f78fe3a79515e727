/** Stage 6: the owner, whose secrets stay on the terminal and whose steps nobody else runs. */

import type { Clause } from '../clause.ts'
import { hosts, origins } from './owner/browser.ts'
import { ends } from './owner/ending.ts'
import { inAnswers, inFiles, onStandardError } from './owner/leaks.ts'
import { addresses, likeness, readableKeys, twoHosts, usedKeys } from './owner/notes.ts'
import { safetyNumber } from './owner/safety.ts'
import { answers, texts } from './owner/terminal.ts'

const USUAL = { stage: 6, section: 'contract', parties: null, weight: 1 } as const
const AGREED = { ...USUAL, start: 'agreed', needs: ['agreement'] } as const
const SHARED = { ...USUAL, start: 'shared', needs: ['keys/1'] } as const
const NOWHERE_ELSE = 'Secrets and texts appear on standard output and nowhere else.'
const TERMINAL = 'Of its characters, those that control a terminal never reach one as they are'

export const OWNER: readonly Clause[] = [
  {
    ...USUAL,
    id: 'owner/1',
    title: 'the safety number',
    section: 'Safety number',
    sentence:
      'The two halves stand in ascending order of their digits, with one space between all groups.',
    start: 'own',
    parties: [1, 2],
    weight: 3,
    needs: ['agreement'],
    run: safetyNumber,
  },
  {
    ...AGREED,
    id: 'owner/2',
    title: 'no secret in an answer or on the wire',
    sentence: NOWHERE_ELSE,
    weight: 2,
    run: inAnswers,
  },
  {
    ...AGREED,
    id: 'owner/3',
    title: 'no secret in a file',
    sentence: NOWHERE_ELSE,
    needsStart: true,
    run: inFiles,
  },
  {
    ...AGREED,
    id: 'owner/4',
    title: 'no secret on standard error',
    sentence: NOWHERE_ELSE,
    needsStart: true,
    run: onStandardError,
  },
  {
    ...SHARED,
    id: 'owner/5',
    title: 'a Host of somebody else',
    section: 'Transport',
    sentence:
      '`Host` is an IP address, `localhost`, or a name that the peer was started with, with or without a port.',
    run: hosts,
  },
  {
    ...SHARED,
    id: 'owner/6',
    title: 'a page elsewhere runs no step',
    sentence:
      'An `Origin` other than its own, or a `Sec-Fetch-Site` other than `none` and `same-origin`, is refused as `cross_site`, and so is a browser that sends neither.',
    run: origins,
  },
  {
    ...AGREED,
    id: 'owner/7',
    title: "a text can't drive the terminal",
    sentence: TERMINAL,
    needs: ['messages/5'],
    needsStart: true,
    run: texts,
  },
  {
    ...AGREED,
    id: 'owner/8',
    title: 'nor can an answer',
    sentence: TERMINAL,
    needs: ['messages/1'],
    needsStart: true,
    run: answers,
  },
  {
    ...USUAL,
    id: 'owner/9',
    title: 'it ends on SIGTERM',
    sentence: 'It listens on 127.0.0.1, is ready once `/show` answers 200, and ends on SIGTERM.',
    start: 'own',
    needs: ['keys/1'],
    run: ends,
  },
  {
    ...SHARED,
    id: 'owner/10',
    title: 'it listens on 127.0.0.1 alone',
    sentence: 'It listens on 127.0.0.1, is ready once `/show` answers 200, and ends on SIGTERM.',
    weight: 0,
    run: addresses,
  },
  {
    ...AGREED,
    id: 'owner/11',
    title: 'who may read your private keys',
    sentence: NOWHERE_ELSE,
    weight: 0,
    needsStart: true,
    run: readableKeys,
  },
  {
    ...USUAL,
    id: 'owner/12',
    title: 'used keys in memory',
    section: 'Keys',
    sentence:
      'It is overwritten once it has sealed, or once what it opens was read (a message) or received whole',
    weight: 0,
    start: 'agreed',
    needs: ['messages/2', 'messages/4'],
    needsStart: true,
    run: usedKeys,
  },
  {
    ...SHARED,
    id: 'owner/13',
    title: 'what the answers share with this program',
    sentence: NOWHERE_ELSE,
    weight: 0,
    run: likeness,
  },
  {
    ...SHARED,
    id: 'owner/14',
    title: 'two Host headers',
    section: 'Transport',
    sentence:
      '`Host` is an IP address, `localhost`, or a name that the peer was started with, with or without a port.',
    weight: 0,
    run: twoHosts,
  },
]
