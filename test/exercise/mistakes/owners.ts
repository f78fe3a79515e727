/** Mistakes in what the owner, and a page elsewhere, see of a peer. */

import fs from 'node:fs'
import type http from 'node:http'
import path from 'node:path'
import { type Json, parse } from '../../independent/forms.ts'
import { type Came, ProgramPeer, tamed } from '../../independent/program.ts'
import type { Session } from '../../independent/session.ts'
import { type Mistake, mistake } from './planted.ts'

export const OWNERS: readonly Mistake[] = [
  mistake(
    'the secret stands in /show',
    class extends ProgramPeer {
      protected override show(): Json {
        return { ...super.show(), sharedSecret: this.current?.secrets[0].toString('hex') ?? null }
      }
    },
    { fails: ['owner/2'], cause: /DH\(e1, e2\)|shared secret/i },
  ),
  mistake(
    'the texts stand in the answer of /decrypt_msg',
    class extends ProgramPeer {
      override readMessages(): string[] {
        this.#texts = super.readMessages()
        return this.#texts
      }
      #texts: string[] = []
      protected override async step(route: string, body: Buffer, type: string): Promise<Json> {
        const done = await super.step(route, body, type)
        return route === '/decrypt_msg' ? { ...done, texts: this.#texts } : done
      }
    },
    { fails: ['owner/2'], cause: /text/i },
  ),
  mistake(
    'the session is kept in a file, with its secret',
    class extends ProgramPeer {
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        const file = path.join(this.start.state, 'session.json')
        fs.writeFileSync(file, JSON.stringify({ secret: candidate.secrets[0].toString('base64') }))
      }
    },
    { fails: ['owner/3'], cause: /DH\(e1, e2\)|shared secret/i },
  ),
  mistake(
    'a debug line with the secret on standard error',
    class extends ProgramPeer {
      protected override promote(candidate: Session): void {
        super.promote(candidate)
        this.start.stderr(`debug: shared secret ${candidate.secrets[0].toString('hex')}\n`)
      }
    },
    { fails: ['owner/4'], cause: /DH\(e1, e2\)|shared secret/i },
  ),
  mistake(
    'Host is not looked at',
    class extends ProgramPeer {
      protected override checkHost(): void {}
    },
    { fails: ['owner/5'], cause: /Host|look/ },
  ),
  mistake(
    'Host is compared by its beginning',
    class extends ProgramPeer {
      protected override checkHost(request: http.IncomingMessage): void {
        if (!/^(localhost|\[|\d+\.)/.test(request.headers.host ?? '')) super.checkHost(request)
      }
    },
    { fails: ['owner/5'], cause: /begin/i },
  ),
  mistake(
    'a page elsewhere may run a step',
    class extends ProgramPeer {
      protected override checkOrigin(): void {}
    },
    { fails: ['owner/6'], cause: /Origin|runs|step/ },
  ),
  mistake(
    'texts are printed as they are',
    class extends ProgramPeer {
      protected override print(line: string): void {
        this.start.stdout(`${line}\n`)
      }
    },
    { fails: ['owner/7'], cause: /as it is/i },
  ),
  mistake(
    'only ESC is replaced in a text',
    class extends ProgramPeer {
      protected override print(line: string): void {
        this.start.stdout(`${line.replaceAll('\x1b', '?')}\n`)
      }
    },
    { fails: ['owner/7'], cause: /ESC/ },
  ),
  mistake(
    'what the other peer answers is printed as it is',
    class extends ProgramPeer {
      protected override async send(route: string, body: object): Promise<Came> {
        const came = await super.send(route, body)
        if (came.status >= 400) this.start.stderr(`refused: ${titleOf(came.bytes)}\n`)
        return came
      }
    },
    { fails: ['owner/8'], cause: /as it is/i },
  ),
]

function titleOf(body: Buffer): string {
  try {
    return Object.values(parse(body) as Json).join(' ')
  } catch {
    return tamed(body.toString())
  }
}
