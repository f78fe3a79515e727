/** The owner's routes, in the order in which a person runs them. */

import { type FileHandle, open } from 'node:fs/promises'
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Peer } from '../peer/peer.ts'
import type { PictureType } from '../protocol/stream.ts'
import type { Events } from '../wirelog/ring.ts'
import { hasBody, readText } from './bodies.ts'
import { TABLE } from './codes.ts'
import { commandsOf } from './nextCommands.ts'
import { answerPage } from './page.ts'
import { withPicture } from './pictures.ts'
import { HttpError } from './problems.ts'

/** Each of the owner's routes takes either. */
const OWNER_METHODS = ['GET', 'POST']

/** With fewer letters than this the line is not flat yet; a picture has more. */
const FLAT_SAMPLE = 10_000

const MAILBOX_HELP = `
For everyone, since this peer has a mailbox:
/public_key   the key that mail is sealed to
/message      where sealed mail comes in
`

/** Each answers with `next`: the command to run after it. */
export function addSteps(router: Router, peer: Peer, events: Events): void {
  const commands = commandsOf(peer)
  const { own, peer: others, inSession } = commands
  const next = () => {
    const { waiting, session } = peer.publicState()
    return own(waiting.length > 0 ? '/decrypt_msg' : session ? '/send_msg' : '/send_keys')
  }

  /** The session that our own /send_keys completed, its id as hex. */
  let completed: string | null = null

  router.register('/send_keys', OWNER_METHODS, async (ctx) => {
    const sent = await peer.sendKeys()
    completed = sent.session ?? completed
    answer(ctx, 201, sent, nextAfterKeys(sent))
  })

  const nextAfterKeys = ({ session, refused }: Awaited<ReturnType<Peer['sendKeys']>>) => {
    if (session !== null) return others('/show')
    return refused ? TABLE[refused].next(commands, '/send_keys') : others('/send_keys')
  }

  router.register('/show', OWNER_METHODS, (ctx) => {
    const state = peer.show()
    const { session, waiting } = state
    const isUnused = session?.sent === 0 && session.received === 0 && waiting.length === 0
    // whoever follows `next` sees both secrets, first that of the peer whose keys were sent first
    const after = session?.id === completed ? others('/send_msg') : others('/show')
    answer(ctx, 200, state, isUnused ? after : next())
  })

  router.register('/send_msg', OWNER_METHODS, async (ctx) => {
    if (ctx.querystring !== '')
      throw new HttpError('text_in_url', 'Programs on the way write URLs into their logs.')
    // before the body is read: only a request that came after the answer can be about what that left in doubt
    const { textInDoubt } = peer
    const sent = await peer.sendMessage(await readText(ctx), textInDoubt)
    answer(ctx, 201, sent, others('/decrypt_msg'))
  })

  router.register('/decrypt_msg', OWNER_METHODS, (ctx) => {
    answer(ctx, 200, peer.decryptMessages(), own('/send_msg'))
  })

  router.register('/send_image', OWNER_METHODS, async (ctx) => {
    const sent = await withPicture(ctx, (picture) => peer.sendPicture(picture))
    answer(ctx, 201, sent, others('/'))
  })

  router.register('/image', OWNER_METHODS, async (ctx) => {
    const { type, file } = await openLast(peer)
    ctx.type = type
    ctx.length = (await file.stat()).size
    ctx.body = file.createReadStream()
  })

  router.register('/frequency', OWNER_METHODS, (ctx) => {
    const letter = letterOf(ctx)
    const { english, ciphertext, sample } = peer.frequency()
    const shown =
      letter === null
        ? { english, ciphertext, sample }
        : { letter, english: english[letter], ciphertext: ciphertext[letter], sample }
    const another = letter === null ? '/frequency -G -d letter=e' : '/frequency'
    answer(ctx, 200, shown, sample < FLAT_SAMPLE ? inSession('/send_image') : own(another))
  })

  router.register('/', OWNER_METHODS, async (ctx) => {
    if (ctx.accepts('text/plain', 'text/html') === 'text/html') {
      await answerPage(ctx, peer, events)
      return
    }
    ctx.type = 'text/plain'
    ctx.body = `ecdh-duet on port ${peer.port}; the other peer is ${peer.peerUrl}

/send_keys    make a fresh key pair and send the public key to the other peer
/show         print the shared secret in the terminal; answer with what is public
/send_msg     seal a text and send it: --data-urlencode 'text=...', or no body
              for the default text, or for the one that is in doubt
/decrypt_msg  open every waiting message and print it in the terminal
/send_image   seal a picture and send it: --data-binary @picture.png with its
              Content-Type, or no body for this peer's own picture
/image        the last received picture
/frequency    the letters of English beside those of the ciphertext that came;
              -G -d letter=e for one of them
/events       what happens, live, as the page gets it
/transcript   all public data of this run, to hand in or to check
/             this list; in a browser, the page: what crosses the wire, live
${peer.mailboxKey === null ? '' : MAILBOX_HELP}
next: ${next()}
`
  })
}

/**
 * The file of the picture that came last.
 * @throws HttpError `no_image`
 */
async function openLast(peer: Peer): Promise<{ type: PictureType; file: FileHandle }> {
  const picture = peer.lastPicture
  if (picture === null) throw new HttpError('no_image', 'No picture has come yet.')
  try {
    return { type: picture.type, file: await open(picture.path) }
  } catch {
    // the next one came meanwhile, and this one may have gone for it
    if (peer.lastPicture !== picture) return openLast(peer)
    throw new HttpError('no_image', 'The file of the last picture is gone.')
  }
}

/**
 * The one letter that the query asks for, or null without a query.
 * @throws HttpError `bad_letter`
 */
function letterOf(ctx: Context): string | null {
  if (hasBody(ctx)) throw new HttpError('bad_letter', 'A letter comes as a query: curl needs -G.')
  if (ctx.querystring === '') return null
  const [[name, value = ''] = [], ...more] = new URLSearchParams(ctx.querystring)
  if (name !== 'letter' || !/^[a-z]$/.test(value) || more.length > 0)
    throw new HttpError('bad_letter', 'The query is one letter from a to z: ?letter=e')
  return value
}

/** Indented for people, with a newline at its end. */
function answer(ctx: Context, status: number, body: object, next: string): void {
  ctx.status = status
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify({ ...body, next }, null, 2)}\n`
  ctx.state['next'] = next
}
