/**
 * Every route of a peer, in one table: the router, the guard, the log of the wire, the time limits, `Allow` and the
 * list at `/` all read it.
 */

import type { ParameterizedContext } from 'koa'
import { inQuotes, shellWord } from '../disk/shell.ts'
import { PAGE_FILES } from '../page/files.ts'
import { STEP_PATHS, type Step } from '../wirelog/events.ts'
import type { WireRoute } from '../wirelog/forms.ts'
import type { Pending } from '../wirelog/ring.ts'

export interface Route {
  /**
   * `wire`: what the other peer calls, and `mailbox`: what whoever sends mail calls; both are open to anyone. `step`: a
   * step of the owner's, `other`: a step that the other peer of one launch runs, and `page`: what the owner's browser
   * shows; these are for callers on this machine.
   */
  readonly kind: 'wire' | 'mailbox' | 'step' | 'other' | 'page'
  readonly methods: readonly ('GET' | 'POST')[]
  /** What it does, for the list at `/`; each line of it. */
  readonly help?: readonly string[]
  /** Whether its body is a picture, which may take longer than any other request as long as it keeps coming. */
  readonly takesPicture?: true
  /** Whether its answer is in the language that the caller asks for. */
  readonly isLocalised?: true
}

const GET_OR_POST = ['GET', 'POST'] as const
const step = (...help: string[]) => ({ kind: 'step', methods: GET_OR_POST, help }) as const
const page = (...help: string[]) => ({ kind: 'page', methods: GET_OR_POST, help }) as const
const wire = { kind: 'wire', methods: ['POST'] } as const
const mailbox = (method: 'GET' | 'POST', help: string) =>
  ({ kind: 'mailbox', methods: [method], help: [help] }) as const

/** In the order in which `/` lists them; the owner's first. */
const TABLE = {
  '/send_keys': step('make a fresh key pair and send the public key to the other peer'),
  '/show': step('print the shared secret in the terminal; answer with what is public'),
  '/compare': {
    ...step(
      'compare the safety number with that of the other side:',
      `--data-urlencode ${inQuotes('number=...')}`,
    ),
    methods: ['POST'],
  },
  '/send_msg': step(
    `seal a text and send it: --data-urlencode ${inQuotes('text=...')}, or no body`,
    'for the default text, or for the one that is in doubt',
  ),
  '/decrypt_msg': step('open every waiting message and print it in the terminal'),
  '/send_image': {
    ...step(
      `seal a picture and send it: --data-binary ${shellWord('@picture.png')} with its`,
      "Content-Type, or no body for this peer's own picture",
    ),
    takesPicture: true,
  },
  '/image': page('the last received picture'),
  '/frequency': page(
    'the letters of English beside those of the ciphertext that came;',
    '-G -d letter=e for one of them',
  ),
  '/events': { ...page('what happens, live, as the page gets it'), isLocalised: true },
  '/transcript': {
    ...page('all public data of this run, to hand in or to check'),
    methods: ['GET'],
  },
  '/sealed_image': { ...page(), methods: ['GET'] },
  '/': {
    ...page('this list; in a browser, the page: what crosses the wire, live'),
    isLocalised: true,
  },
  '/toy': {
    ...page('a curve small enough to see, for a browser: nothing of this peer is in it'),
    methods: ['GET'],
    isLocalised: true,
  },
  '/wire/keys': wire,
  '/wire/message': wire,
  '/wire/image': { ...wire, takesPicture: true },
  '/public_key': mailbox('GET', 'the key that mail is sealed to'),
  '/message': mailbox('POST', 'where sealed mail comes in'),
} as const satisfies Record<string, Route> &
  Record<WireRoute, Route & { kind: 'wire' }> &
  Record<Step, Route & { kind: 'step' }>

/** The path of a route that is neither a step of the other peer nor a file of the page. */
export type Path = keyof typeof TABLE
/** The routes of one kind. */
export type PathOf<Kind extends Route['kind']> = {
  [P in Path]: (typeof TABLE)[P]['kind'] extends Kind ? P : never
}[Path]

/** Steps of the other peer. To compare is nobody's but each owner's own. */
const OTHERS = new Map(
  STEP_PATHS.filter((path) => path !== '/compare').map((path) => [`/other${path}`, path]),
)

/** The step that a path asks of the other peer, as that one has it: `/show` for `/other/show`; undefined for any other path. */
export function stepOfOther(path: string): Step | undefined {
  return OTHERS.get(path)
}

/** The routes by their paths, those of the other peer's steps and of the page's files too. */
export const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ...Object.entries(TABLE),
  ...[...OTHERS].map(([path, step]): [string, Route] => [
    path,
    { ...TABLE[step], kind: 'other', help: [] },
  ]),
  ...PAGE_FILES.map((path): [string, Route] => [path, { kind: 'page', methods: ['GET'] }]),
])

/** The path that a request names, whatever it is: koa's `path` throws where the target can't be parsed. */
export function pathOf({ req: { url = '' } }: Ctx): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

export function isOfKind<Kind extends Route['kind']>(
  path: string,
  kind: Kind,
): path is PathOf<Kind> {
  return ROUTES.get(path)?.kind === kind
}

/** Whether anyone may call it: the other peer, and whoever sends mail. All else is the owner's. */
export function isOpen(path: string): boolean {
  const kind = ROUTES.get(path)?.kind
  return kind === 'wire' || kind === 'mailbox'
}

/** The lines of the list at `/`, for the routes that are open or for the others. */
export function listOfRoutes(which: 'open' | "the owner's"): string {
  return [...ROUTES]
    .filter(([path]) => isOpen(path) === (which === 'open'))
    .flatMap(([path, { help = [] }]) =>
      help.map((line, i) => `${(i === 0 ? path : '').padEnd(14)}${line}\n`),
    )
    .join('')
}

/** What the parts of the program that see a request tell one another of it. */
export interface State {
  /** The text of the answer, for the log of the wire. */
  said?: string
  /** Why the request was refused. */
  code?: string
  /** The command to run next. */
  next?: string
  /** Whether it asks for something beside the path that the peer is mounted at. */
  isElsewhere?: boolean
  /** The entry of a request on the wire in the log, once its body was read. */
  pending?: Pending
}

export type Ctx = ParameterizedContext<State>
/** Answers the requests to a route. */
export type Handler = (ctx: Ctx) => void | Promise<void>
export type Handlers<P extends Path> = Readonly<Record<P, Handler>>
