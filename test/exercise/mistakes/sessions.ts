import type http from 'node:http'
import type { Json } from '../../independent/forms.ts'
import { type Came, ProgramPeer, type Start } from '../../independent/program.ts'
import { type Confirm, Refusal, type Session, type Share } from '../../independent/session.ts'
import type { Suite } from '../../independent/suites.ts'
import { both, type Mistake, mistake, REFUSALS } from './planted.ts'

/** Whichever of the tags of a key message is not compared. */
function tagTaken(
  isIt: (peer: { candidate: Session | null; current: Session | null }, session: Session) => boolean,
) {
  return class extends ProgramPeer {
    protected override isRight(session: Session, confirm: Confirm): boolean {
      return isIt(this, session) || super.isRight(session, confirm)
    }
  }
}

export const SESSIONS: readonly Mistake[] = [
  mistake(
    'promoted without a confirmation',
    class extends ProgramPeer {
      override receiveKeys(body: Buffer): Json {
        const taken = super.receiveKeys(body)
        this.#promoteEarly()
        return taken
      }
      protected override post(route: string, body: object): Promise<unknown> {
        if (route === '/wire/keys') this.#promoteEarly()
        return super.post(route, body)
      }
      #promoteEarly(): void {
        const { candidate } = this
        if (!candidate) return
        this.candidate = null
        this.previous = this.current
        this.current = candidate
        candidate.isConfirmed = true
        this.known = candidate.theirs.identity
      }
    },
    {
      fails: both('session/5'),
      cause: /without|confirm/i,
      also: ['keys/16', 'session/*', 'messages/*', 'pictures/*', 'disorder/*'],
    },
  ),
  mistake(
    'confirmations in answers are not read',
    class extends ProgramPeer {
      protected override takeAnswer(): boolean {
        return false
      }
    },
    {
      fails: both('session/4'),
      cause: /answer/i,
      also: ['session/8', 'disorder/*'],
    },
  ),
  mistake(
    'no slot',
    class extends ProgramPeer {
      protected override takeAnswer(confirm: Confirm): boolean {
        const isToRepeat = super.takeAnswer(confirm)
        this.slot = null
        return isToRepeat
      }
    },
    { fails: both('disorder/2'), cause: /slot|answer|kept/i, also: ['disorder/3', 'disorder/4'] },
  ),
  mistake(
    'it remembers that a confirmation came, and not which',
    class extends ProgramPeer {
      #came = false
      protected override takeAnswer(confirm: Confirm): boolean {
        const isToRepeat = super.takeAnswer(confirm)
        this.#came ||= this.slot !== null
        return isToRepeat
      }
      protected override fromSlot(share: Share): Session | null {
        return this.#came ? this.derive(share) : null
      }
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        this.#came = false
      }
    },
    { fails: ['disorder/3', 'disorder/4'], cause: /which|compare|tag/i },
  ),
  mistake(
    "the slot's tag is not compared",
    class extends ProgramPeer {
      protected override fromSlot(share: Share): Session | null {
        const session = this.slot && this.derive(share)
        return session?.id.equals(this.slot?.session ?? session.id) ? session : null
      }
    },
    { fails: ['disorder/4'], cause: /tag/i },
  ),
  mistake(
    'the private key is erased when no answer comes',
    class extends ProgramPeer {
      override async sendKeys(): Promise<void> {
        try {
          await super.sendKeys()
        } catch (error) {
          this.erase()
          throw error
        }
      }
    },
    {
      fails: both('disorder/5', 'disorder/19', 'disorder/26'),
      cause: /erase|drop|cost|no answer/i,
    },
  ),
  mistake(
    'keys are sent at once',
    class extends ProgramPeer {
      protected override inTurn<T>(route: string, run: () => Promise<T>): Promise<T> {
        return route === '/wire/keys' ? run() : super.inTurn(route, run)
      }
    },
    { fails: ['disorder/6'], cause: /at once|wait|while/i },
  ),
  mistake(
    'used shares are not remembered',
    class extends ProgramPeer {
      protected override checkUsed(): void {}
    },
    {
      fails: ['disorder/8', 'disorder/9', ...both('disorder/21')],
      cause: /remember|used|again/i,
      also: [...REFUSALS, 'disorder/27'],
    },
  ),
  mistake(
    'the tag of a new session is not compared',
    tagTaken((peer, session) => session !== peer.candidate && session !== peer.current),
    { fails: both('disorder/10'), cause: /new/i },
  ),
  mistake(
    'the tag of the candidate is not compared',
    tagTaken((peer, session) => session === peer.candidate),
    { fails: both('disorder/10'), cause: /candidate/i },
  ),
  mistake(
    'the tag of the current session is not compared',
    tagTaken((peer, session) => session === peer.current),
    { fails: both('disorder/10'), cause: /current/i },
  ),
  mistake(
    'only the first half of a tag is compared',
    class extends ProgramPeer {
      protected override isRight(session: Session, { tag }: Confirm): boolean {
        return session
          .tag(3 - session.party)
          .subarray(0, 16)
          .equals(tag.subarray(0, 16))
      }
    },
    { fails: both('disorder/10'), cause: /part|half|whole/i },
  ),
  mistake(
    'the own tag passes too',
    class extends ProgramPeer {
      protected override isRight(session: Session, confirm: Confirm): boolean {
        return super.isRight(session, confirm) || session.tag(session.party).equals(confirm.tag)
      }
    },
    { fails: both('disorder/10'), cause: /own/i },
  ),
  mistake(
    'tags in answers are not compared',
    class extends ProgramPeer {
      protected override takeAnswer(confirm: Confirm): boolean {
        const { candidate, current } = this
        if (candidate?.id.equals(confirm.session)) this.promote(candidate)
        else if (!current?.id.equals(confirm.session)) return super.takeAnswer(confirm)
        return false
      }
    },
    { fails: both('disorder/19'), cause: /tag/i },
  ),
  mistake(
    'the share of the other peer is kept when it is promoted',
    class extends ProgramPeer {
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        this.share = candidate.theirs
      }
    },
    { fails: both('disorder/18'), cause: /no longer kept/ },
  ),
  mistake(
    'a text on the candidate does not promote it',
    class extends ProgramPeer {
      #isTaking = false
      override receiveMessage(body: Buffer): Json {
        this.#isTaking = true
        try {
          return super.receiveMessage(body)
        } finally {
          this.#isTaking = false
        }
      }
      protected override promote(candidate: Session): void {
        if (!this.#isTaking) super.promote(candidate)
      }
    },
    { fails: both('disorder/13'), cause: /promot/i, also: ['disorder/26'] },
  ),
  mistake(
    'the previous session is forgotten',
    class extends ProgramPeer {
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        this.previous = null
      }
    },
    {
      fails: [...both('disorder/15'), 'disorder/24'],
      cause: /previous|present key/i,
      // what arrives on it in pieces builds on that
      also: ['disorder/16', 'disorder/21', 'disorder/27'],
    },
  ),
  mistake(
    'a key message does not repeat the confirmation of the current session',
    class extends ProgramPeer {
      protected override send(route: string, body: object): Promise<Came> {
        const { confirm, ...rest } = body as Json
        const isOfCurrent = route === '/wire/keys' && confirm && !this.candidate
        return super.send(route, isOfCurrent ? rest : body)
      }
    },
    { fails: both('disorder/18'), cause: /confirm/i },
  ),
  mistake(
    'an identity is never compared',
    class extends ProgramPeer {
      protected override checkIdentity(): void {}
    },
    { fails: ['disorder/22', 'disorder/23'], cause: /identity|compare/i, also: ['keys/17'] },
  ),
  mistake(
    'a restart forgets the known identity',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        super(suite, start)
        this.known = null
      }
    },
    { fails: ['disorder/23'], cause: /forg[oe]t|known/i },
  ),
  mistake(
    'only the present key is a reflection',
    class extends ProgramPeer {
      protected override checkReflection(identity: Buffer, publicKey: Buffer): void {
        const own = [this.identity, this.ephemeral].map((one) => one?.publicKey)
        if (own.some((one) => one?.equals(identity) || one?.equals(publicKey)))
          throw new Refusal('reflection')
      }
    },
    { fails: ['disorder/24'], cause: /present|session/i },
  ),
  mistake(
    'a lock is held while the other peer is called',
    class extends ProgramPeer {
      #lock: Promise<unknown> = Promise.resolve()
      protected override async answer(request: http.IncomingMessage) {
        if (!request.url?.startsWith('/send_')) {
          await this.#lock
          return super.answer(request)
        }
        const reply = this.#lock.then(() => super.answer(request))
        this.#lock = reply.catch(() => {})
        return reply
      }
    },
    { fails: [...both('disorder/1'), 'disorder/30'], cause: /lock|one request at a time/i },
  ),
  mistake(
    'redirects are followed',
    class extends ProgramPeer {
      protected override async send(route: string, body: object): Promise<Came> {
        const came = await super.send(route, body)
        const { location } = came.headers
        if (came.status < 300 || came.status > 399 || !location) return came
        const { pathname } = new URL(location, this.start.peer)
        return super.send(pathname, body)
      }
    },
    { fails: ['disorder/28'], cause: /redirect|follow/i },
  ),
  mistake(
    'a late answer counts',
    class extends ProgramPeer {
      protected override readonly patienceMs = 60_000
      protected override async step(route: string, body: Buffer, type: string): Promise<Json> {
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<never>((_resolve, reject) => {
          timer = setTimeout(() => reject(new Error('late')), 5_000)
        })
        const step = super.step(route, body, type)
        step.catch(() => {})
        return Promise.race([step, late]).finally(() => clearTimeout(timer))
      }
    },
    { fails: ['disorder/29'], cause: /late/i },
  ),
  mistake(
    'it waits for an answer without a limit',
    class extends ProgramPeer {
      protected override readonly patienceMs = 600_000
    },
    {
      fails: ['disorder/29', 'pictures/17'],
      cause: /limit/i,
      also: ['messages/*', 'disorder/*', 'pictures/*'],
    },
  ),
  mistake(
    'any 2xx counts as an answer',
    class extends ProgramPeer {
      protected override async send(route: string, body: object): Promise<Came> {
        const came = await super.send(route, body)
        return came.status >= 200 && came.status <= 299 ? { ...came, status: 201 } : came
      }
    },
    { fails: ['messages/22', 'disorder/20'], cause: /2xx|status|20[02]/i },
  ),
]
