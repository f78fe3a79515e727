/** Mistakes in how key messages are written, read and checked. */

import type http from 'node:http'
import path from 'node:path'
import { p256 } from '@noble/curves/nist.js'
import type { Json } from '../../independent/forms.ts'
import { ProgramPeer, type Start } from '../../independent/program.ts'
import { Refusal } from '../../independent/session.ts'
import { type Ephemeral, halves, type Suite } from '../../independent/suites.ts'
import {
  backwards,
  bytes,
  encoded,
  isThrowing,
  lenient,
  lowOrderTaken,
  type Mistake,
  mistake,
  onCurve,
  REFUSALS,
  sent,
} from './planted.ts'

const PRIME_25519 = Buffer.from(`7f${'ff'.repeat(30)}ed`, 'hex')
/** The names of all that crosses the wire in JSON. */
const FIELDS =
  'v curve basePoint identity publicKey confirm session seq ciphertext accepted missing bytes code'.split(
    ' ',
  )

export const KEYS: readonly Mistake[] = [
  mistake(
    'the identity in /show is upper case',
    class extends ProgramPeer {
      protected override show(): Json {
        const shown = super.show()
        return { ...shown, identity: String(shown['identity']).toUpperCase() }
      }
    },
    { fails: ['keys/1'], cause: /lower-case/ },
  ),
  sent('upper-case hex', (form) => encoded(form, (text) => text.toUpperCase()), {
    fails: ['keys/2', 'messages/1'],
    cause: /upper/i,
  }),
  sent(
    'base64 in place of hex, in key messages',
    (form, route) =>
      route === '/wire/keys'
        ? encoded(form, (text) => Buffer.from(text, 'hex').toString('base64'))
        : form,
    { fails: ['keys/2'], cause: /base64/i },
  ),
  sent(
    'compressed points in key messages',
    (form, route) =>
      route === '/wire/keys'
        ? {
            ...form,
            publicKey: compressed(form['publicKey']),
            identity: compressed(form['identity']),
          }
        : form,
    { curve: 'P-256', fails: ['keys/2'], cause: /compressed/i },
  ),
  sent(
    'confirm: null in a key message',
    (form, route) =>
      route === '/wire/keys' && !form['confirm'] ? { ...form, confirm: null } : form,
    { fails: ['keys/2'], cause: /null/ },
  ),
  mistake(
    'status 200',
    class extends ProgramPeer {
      protected override async answer(request: http.IncomingMessage) {
        return { ...(await super.answer(request)), status: 200 }
      }
    },
    {
      // it is followed: what waits for a 201 later takes a 200 too
      fails: ['keys/4'],
      cause: /200/,
    },
  ),
  mistake(
    'one key pair for ever',
    class extends ProgramPeer {
      #pair: Ephemeral | undefined
      protected override newKeys(): Ephemeral {
        this.#pair ??= super.newKeys()
        return this.#pair
      }
    },
    // and so does a candidate come again, once its keys have been replaced by the same ones
    { fails: ['keys/3', 'disorder/25'], cause: /key pair|same|again|old/i },
  ),
  mistake(
    'content type compared as a whole',
    class extends ProgramPeer {
      protected override checkRequest(request: http.IncomingMessage): void {
        super.checkRequest(request)
        const isJson = ['/wire/keys', '/wire/message'].includes(request.url ?? '')
        if (isJson && request.headers['content-type'] !== 'application/json')
          throw new Refusal('unsupported_type')
      }
    },
    { fails: ['keys/5'], cause: /content.type|charset/i },
  ),
  lenient(
    'the last of two names counts',
    (text, form) =>
      form || isThrowing(() => JSON.parse(text)) ? text : JSON.stringify(JSON.parse(text)),
    {
      fails: ['keys/6', 'messages/12', 'messages/22', 'disorder/20'],
      cause: /twice|two names|last/i,
      also: REFUSALS,
    },
  ),
  lenient(
    'the version is not looked at',
    (text, form) =>
      typeof form?.['v'] === 'number' ? text.replace(/"v"\s*:\s*[^,}\s]+/, '"v":2') : text,
    {
      fails: ['keys/7', 'messages/12'],
      cause: /version|\bv\b/,
      also: [...REFUSALS, 'messages/20'],
    },
  ),
  lenient(
    'more fields pass',
    (text, form) => {
      const entries = Object.entries(form ?? {})
      const known = entries.filter(([field]) => FIELDS.includes(field))
      return known.length < entries.length ? JSON.stringify(Object.fromEntries(known)) : text
    },
    {
      fails: ['keys/8', 'messages/12', 'messages/22', 'disorder/20'],
      cause: /field/i,
      also: REFUSALS,
    },
  ),
  mistake(
    'null passes for absent',
    class extends ProgramPeer {
      override receiveKeys(body: Buffer): Json {
        const isNull = body.includes('"confirm":null')
        return super.receiveKeys(
          isNull ? bytes(body.toString().replace(',"confirm":null', '')) : body,
        )
      }
    },
    { fails: ['keys/8'], cause: /null/, also: REFUSALS },
  ),
  lenient(
    'upper-case hex is read',
    (text) => text.replace(/"[\dA-Fa-f]+"/g, (one) => one.toLowerCase()),
    { fails: ['keys/10', 'messages/13', 'disorder/20'], cause: /upper/i, also: REFUSALS },
  ),
  mistake(
    'the base point is not compared',
    class extends ProgramPeer {
      protected override checkPoints(_base: Buffer, identity: Buffer, publicKey: Buffer): void {
        super.checkPoints(this.suite.curve.basePoint, identity, publicKey)
      }
    },
    { fails: ['keys/11'], cause: /compare/i, also: REFUSALS },
  ),
  onCurve(
    'points of low order pass',
    ({ dh }) => ({
      dh: lowOrderTaken(dh),
      isBad: (point) => backwards(point).compare(PRIME_25519) >= 0,
    }),
    { fails: ['keys/12'], cause: /low order/i, also: REFUSALS },
  ),
  onCurve(
    'a second form of a point passes',
    ({ dh }) => ({ isBad: (point) => isThrowing(() => dh(Buffer.alloc(32, 1), point)) }),
    { fails: ['keys/12'], cause: /form|reduce/i, also: REFUSALS },
  ),
  mistake(
    'only the public key is checked',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        const { curve } = suite
        super({ ...suite, curve: { ...curve, dh: lowOrderTaken(curve.dh) } }, start)
      }
      protected override checkPoints(base: Buffer, identity: Buffer, publicKey: Buffer): void {
        if (identity.equals(publicKey)) throw new Refusal('bad_point')
        super.checkPoints(base, this.suite.curve.basePoint, publicKey)
      }
    },
    { fails: ['keys/12'], cause: /identity|public key/i, also: REFUSALS },
  ),
  mistake(
    'one point as both is taken',
    class extends ProgramPeer {
      protected override checkPoints(base: Buffer, identity: Buffer, publicKey: Buffer): void {
        const isOne = identity.equals(publicKey)
        super.checkPoints(base, isOne ? this.suite.curve.basePoint : identity, publicKey)
      }
    },
    { fails: ['keys/13'], cause: /compare|same/i, also: REFUSALS },
  ),
  mistake(
    'reflection is not looked at',
    class extends ProgramPeer {
      protected override checkReflection(): void {}
    },
    { fails: ['keys/14'], cause: /compare|own|look/i, also: [...REFUSALS, 'disorder/24'] },
  ),
  mistake(
    'reflection: like is compared with like only',
    class extends ProgramPeer {
      protected override checkReflection(identity: Buffer, publicKey: Buffer): void {
        const own = [this.ephemeral, this.current?.own, this.previous?.own]
        const isKey = own.some((one) => one?.publicKey.equals(publicKey))
        if (isKey || this.identity.publicKey.equals(identity)) throw new Refusal('reflection')
      }
    },
    { fails: ['keys/14'], cause: /like|identity|public key/i, also: [...REFUSALS, 'disorder/24'] },
  ),
  mistake(
    'the longest body is not limited',
    class extends ProgramPeer {
      protected override async read(request: http.IncomingMessage, limit: number) {
        if (!request.url?.startsWith('/wire/')) return super.read(request, limit)
        const body = await super.read(request, 1e12)
        // behind this limit there is one more
        return body.length > 4_096 ? bytes(body.toString().trim()) : body
      }
    },
    { fails: ['keys/15', 'messages/21'], cause: /limit|length|size/i, also: REFUSALS },
  ),
  lenient(
    'lengths are checked before the curve',
    (text, form) => {
      const isOther = typeof form?.['curve'] === 'string' && form['curve'] !== 'X25519'
      const isOfLength = String(form?.['publicKey']).length === 64
      return isOther && !isOfLength ? text.replace(String(form['curve']), 'X25519') : text
    },
    { fails: ['keys/9'], cause: /before the curve|length/i, also: REFUSALS },
  ),
]

function compressed(hex: unknown): string {
  return p256.Point.fromHex(String(hex)).toHex(true)
}

export const KEMS: readonly Mistake[] = [
  mistake(
    'an identity for each suite',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        super(suite, { ...start, state: path.join(start.state, suite.name) })
      }
    },
    { curve: 'X25519MLKEM768', fails: ['kem/2'], cause: /each suite|identity/i },
  ),
  mistake(
    'an encapsulation key is not checked',
    class extends ProgramPeer {
      constructor(suite: Suite, start: Start) {
        super({ ...suite, kem: suite.kem && { ...suite.kem, isBad: () => false } }, start)
      }
    },
    {
      curve: 'X25519MLKEM768',
      fails: ['kem/1'],
      cause: /check|look/i,
      also: [...REFUSALS, 'keys/12'],
    },
  ),
  mistake(
    'reflection: whole public keys are compared',
    class extends ProgramPeer {
      protected override checkReflection(identity: Buffer, publicKey: Buffer): void {
        const [, point] = halves(this.suite, publicKey)
        const own = [this.ephemeral, this.current?.own, this.previous?.own]
        const isKey = own.some((one) => one?.publicKey.equals(publicKey))
        const isIdentity = [identity, point].some((one) => this.identity.publicKey.equals(one))
        const isPoint = own.some(
          (one) => one && halves(this.suite, one.publicKey)[1].equals(identity),
        )
        if (isKey || isIdentity || isPoint) throw new Refusal('reflection')
      }
    },
    { curve: 'X25519MLKEM768', fails: ['kem/4'], cause: /whole|half/i, also: REFUSALS },
  ),
]
