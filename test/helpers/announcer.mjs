// A hostile announcer: sends `count` announcements of multicast DNS from the address of this machine, each by another name
// and with another port, and a listener on the first of these ports prints the paths that are asked for.

import dgram from 'node:dgram'
import http from 'node:http'
import dns from 'dns-packet'

const [address, countText, port, ...labels] = process.argv.slice(2)
const service = '_ecdh-duet._tcp.local'

http
  .createServer((request, response) => {
    process.stdout.write(`${request.url}\n`)
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"accepted":true}')
  })
  .listen(Number(port), address)

const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true })
socket.bind(0, address, async () => {
  socket.setMulticastInterface(address)
  for (let i = 0; i < Number(countText); i++) {
    const instance = `${i}.${service}`
    const packet = dns.encode({
      type: 'response',
      answers: [
        { type: 'PTR', name: service, ttl: 120, data: instance },
        {
          type: 'SRV',
          name: instance,
          ttl: 120,
          data: { port: Number(port) + i, target: 'x.local' },
        },
        {
          type: 'TXT',
          name: instance,
          ttl: 120,
          data: [`name=${labels[i % labels.length]}`, 'suite=X25519'],
        },
        // not its own
        { type: 'A', name: 'x.local', ttl: 120, data: '198.51.100.7' },
      ],
    })
    await new Promise((done) => socket.send(packet, 5353, '224.0.0.251', done))
    if (i % 10 === 9) await new Promise((done) => setTimeout(done, 10))
  }
  process.stdout.write('all sent\n')
})
