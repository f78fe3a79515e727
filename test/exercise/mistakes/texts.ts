/** Mistakes in how texts and pictures are taken and sent. */

import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { type Json, parse } from '../../independent/forms.ts'
import { Peer } from '../../independent/peer.ts'
import { ProgramPeer } from '../../independent/program.ts'
import { Chain, Refusal, STEPS } from '../../independent/session.ts'
import { both, isThrowing, lenient, type Mistake, mistake, sent } from './planted.ts'

/** What becomes of a message that is refused as `code`: it is taken all the same if `take` says so. */
function messageTaken(
  code: string,
  take: (message: { opens: boolean; seq: number; chain: Chain; behind: Buffer }) => boolean,
): typeof ProgramPeer {
  return class extends ProgramPeer {
    override receiveMessage(body: Buffer): Json {
      try {
        return super.receiveMessage(body)
      } catch (error) {
        const isIt = error instanceof Refusal && error.code === code
        const form = isIt ? (parse(body) as Json) : {}
        const session = [this.current, this.candidate, this.previous].find(
          (one) => one?.id.toString('hex') === form['session'],
        )
        if (!session) throw error
        const chain = session.messages.in
        const [seq, missing] = [Number(form['seq']), Math.max(0, Number(form['seq']) - chain.next)]
        // from the first key on, as if the chain were never overwritten
        const whole = new Chain(session.key(STEPS.directions('chain', session.party)[1], 32))
        const { key, chain: behind } = whole.ahead(seq)
        const ciphertext = Buffer.from(String(form['ciphertext']), 'hex')
        const message = { session: session.id, seq, ciphertext }
        const opens = !isThrowing(() => session.open(message, key))
        if (!take({ opens, seq, chain, behind })) throw error
        this.waiting.push({ session, message, key })
        return { accepted: true, missing }
      }
    }
  }
}

export const TEXTS: readonly Mistake[] = [
  sent('seq as text', (form) => ('seq' in form ? { ...form, seq: String(form['seq']) } : form), {
    fails: ['messages/1'],
    cause: /text|string/i,
    also: ['messages/*', 'disorder/*', 'owner/*'],
  }),
  mistake(
    'the 33rd message is taken',
    class extends ProgramPeer {
      override receiveMessage(body: Buffer): Json {
        const before = this.waiting
        this.waiting = []
        try {
          return super.receiveMessage(body)
        } finally {
          this.waiting = [...before, ...this.waiting]
        }
      }
    },
    { fails: both('messages/15'), cause: /limit/i, also: ['messages/20'] },
  ),
  mistake(
    'replay is not noticed',
    messageTaken('replay', ({ opens }) => opens),
    {
      fails: ['messages/8', 'messages/9', ...both('disorder/21')],
      cause: /replay|again|twice|chain 0|every seq|overtaken|anew/i,
      also: ['messages/20'],
    },
  ),
  mistake(
    'bad UTF-8 is replaced',
    messageTaken('bad_text', ({ seq, chain, behind }) => {
      chain.step(seq, behind)
      return true
    }),
    { fails: ['messages/16'], cause: /UTF-8/, also: ['messages/20'] },
  ),
  mistake(
    'the chain is stepped by what is refused',
    messageTaken('decrypt_failed', ({ seq, chain, behind }) => {
      chain.step(seq, behind)
      return false
    }),
    { fails: both('messages/11'), cause: /step/i, also: ['messages/20'] },
  ),
  mistake(
    'a number may be 5,000 ahead',
    class extends ProgramPeer {
      protected override checkNumber(number: number, next: number): void {
        super.checkNumber(number, number > next && number < next + 5_000 ? number : next)
      }
    },
    { fails: ['messages/10', 'pictures/10'], cause: /limit|ahead|beyond/i, also: ['messages/20'] },
  ),
  mistake(
    'missing is always 0',
    class extends ProgramPeer {
      override receiveMessage(body: Buffer): Json {
        return { ...super.receiveMessage(body), missing: 0 }
      }
    },
    { fails: ['messages/8'], cause: /always 0/i },
  ),
  lenient('seq may be -0', (text) => text.replace(/"seq"\s*:\s*-0(?:\.0)?/, '"seq":0'), {
    fails: ['messages/12'],
    cause: /-0|−0/,
  }),
  mistake(
    'a byte order mark is dropped when a text is sent',
    class extends ProgramPeer {
      override sendMessage(text: string): Promise<number> {
        return super.sendMessage(text.replace(/^\ufeff/, ''))
      }
    },
    { fails: ['messages/7'], cause: /FEFF|byte order/i },
  ),
  mistake(
    'a text is printed when it arrives',
    class extends ProgramPeer {
      override receiveMessage(body: Buffer): Json {
        const taken = super.receiveMessage(body)
        const [last] = this.waiting.slice(-1)
        if (last) this.print(`> ${last.session.open(last.message, last.key).toString()}`)
        return taken
      }
    },
    { fails: ['messages/6'], cause: /arrive/i, also: ['messages/5', 'messages/15'] },
  ),
  mistake(
    'a key seals twice after a refusal',
    class extends ProgramPeer {
      override async sendMessage(text: string): Promise<number> {
        const chain = this.current?.messages.out
        const before = chain && { next: chain.next, value: chain.value }
        try {
          return await Peer.prototype.sendMessage.call(this, text)
        } catch (error) {
          if (chain && before) chain.step(before.next - 1, before.value)
          throw error
        }
      }
    },
    { fails: ['messages/17'], cause: /twice|two texts|one key/i },
  ),
  mistake(
    'what had no answer is sealed again under the next seq',
    class extends ProgramPeer {
      override async sendMessage(text: string): Promise<number> {
        try {
          return await Peer.prototype.sendMessage.call(this, text)
        } catch (error) {
          if (error instanceof Refusal || /not a peer/.test(String(error))) throw error
          return Peer.prototype.sendMessage.call(this, text)
        }
      }
    },
    { fails: ['messages/18'], cause: /next seq|again/i },
  ),
  mistake(
    'texts are sent at once',
    class extends ProgramPeer {
      override sendMessage(text: string): Promise<number> {
        return Peer.prototype.sendMessage.call(this, text)
      }
      protected override inTurn<T>(route: string, run: () => Promise<T>): Promise<T> {
        return route === '/wire/message' ? run() : super.inTurn(route, run)
      }
    },
    { fails: ['messages/19'], cause: /at once|wait|while/i },
  ),
]

export const PICTURES: readonly Mistake[] = [
  mistake(
    "a picture's name is used as a path",
    class extends ProgramPeer {
      protected override keep(type: string, picture: Buffer, name: string): void {
        super.keep(type, picture, name)
        try {
          const file = path.join(this.start.state, 'pictures', name)
          fs.mkdirSync(path.dirname(file), { recursive: true })
          fs.writeFileSync(file, picture)
        } catch {
          // a name that no file can have
        }
      }
    },
    { fails: ['pictures/15'], cause: /path|name/i },
  ),
  mistake(
    'a picture is written before it is whole',
    class extends ProgramPeer {
      override async receivePicture(body: AsyncIterable<Buffer>): Promise<Json> {
        const file = path.join(this.start.state, `incoming-${crypto.randomUUID()}`)
        async function* kept() {
          for await (const part of body) {
            fs.appendFileSync(file, part)
            yield part
          }
        }
        const taken = await super.receivePicture(kept())
        fs.rmSync(file)
        return taken
      }
    },
    { fails: ['pictures/9', 'disorder/27'], cause: /written|leaves/i },
  ),
  mistake(
    'the type of a picture is that of its metadata',
    class extends ProgramPeer {
      protected override isBadPicture(_type: string, picture: Buffer): boolean {
        const types = ['image/png', 'image/jpeg', 'image/webp', 'image/gif']
        const real = types.find((one) => !super.isBadPicture(one, picture.subarray(0, 12)))
        return real !== undefined && super.isBadPicture(real, picture)
      }
    },
    { fails: ['pictures/12'], cause: /type|metadata/i },
  ),
  mistake(
    'the size of a picture is not looked at',
    class extends ProgramPeer {
      protected override isBadPicture(type: string, picture: Buffer): boolean {
        return super.isBadPicture(type, picture.subarray(0, 12))
      }
    },
    { fails: ['pictures/14'], cause: /look|size|pixel/i },
  ),
  mistake(
    'the number of a refused picture is used again',
    class extends ProgramPeer {
      override async sendPicture(picture: Parameters<Peer['sendPicture']>[0]): Promise<number> {
        const chain = this.current?.files.out
        const before = chain && { next: chain.next, value: chain.value }
        try {
          return await super.sendPicture(picture)
        } catch (error) {
          if (chain && before) chain.step(before.next - 1, before.value)
          throw error
        }
      }
    },
    { fails: ['pictures/7', 'pictures/16'], cause: /number/i },
  ),
  mistake(
    'pictures are sent at once',
    class extends ProgramPeer {
      protected override inTurn<T>(route: string, run: () => Promise<T>): Promise<T> {
        return route === '/wire/image' ? run() : super.inTurn(route, run)
      }
    },
    { fails: ['pictures/19'], cause: /at once|wait|while/i },
  ),
]
